{# How two companies are compared; see people_comparisons. `pairs` tells which words of their names they share. #}
{% macro companies_comparisons() %}
    {% set same_place = "(one.postal_key = other.postal_key or one.city_key = other.city_key)" %}
    {% set no_other_place =
        "coalesce(one.postal_key = other.postal_key, true) and coalesce(one.city_key = other.city_key, true)" %}
    {{ return([
        {
            'name': 'name', 'label': 'name', 'known': 'one.name_key is not null and other.name_key is not null',
            'levels': [
                ('equal', 'one.spelled_key = other.spelled_key or one.sorted_key = other.sorted_key', rarer('name')),
                (
                    'close',
                    'one.brief_key = other.brief_key'
                    ' or editdistance(one.spelled_key, other.spelled_key, 3)'
                    ' <= iff(least(length(one.spelled_key), length(other.spelled_key)) >= 8, 2, 1)',
                    rarer('name')
                ),
                (
                    'acronym',
                    'one.acronym_key = other.spelled_key or one.spelled_key = other.acronym_key',
                    rarer('name')
                ),
                ('contained', 'pairs.shared_words >= least(one.word_count, other.word_count)', 'pairs.shared_rarity'),
                ('shares a word', 'pairs.shared_words >= 1', 'pairs.shared_rarity'),
                ('similar', 'jarowinkler_similarity(one.spelled_key, other.spelled_key) >= 80', none),
                ('different', none, none),
            ],
        },
        {
            'name': 'domain', 'label': 'domain', 'known': 'one.domain_key is not null and other.domain_key is not null',
            'levels': [
                ('equal', 'one.domain_key = other.domain_key', rarer('domain')),
                ('close', 'editdistance(one.domain_key, other.domain_key, 2) <= 1', none),
                ('different', none, none),
            ],
        },
        {
            'name': 'phone', 'label': 'phone', 'known': 'one.phone_key is not null and other.phone_key is not null',
            'levels': [
                ('equal', 'right(one.phone_key, 7) = right(other.phone_key, 7)', rarer('phone')),
                (
                    'different, and the house',
                    'one.house_number <> other.house_number or jarowinkler_similarity(one.street_key, other.street_key) < 88',
                    none
                ),
                ('different', none, none),
            ],
        },
        {
            'name': 'address', 'label': 'address', 'known': 'one.street_key is not null and other.street_key is not null',
            'levels': [
                ('equal', 'one.street_key = other.street_key and ' ~ same_place, rarer('street')),
                ('same street', 'one.street_key = other.street_key and ' ~ no_other_place, rarer('bare_street')),
                (
                    'close',
                    'one.house_number = other.house_number'
                    ' and jarowinkler_similarity(one.street_key, other.street_key) >= 88 and ' ~ no_other_place,
                    none
                ),
                ('same number', 'one.house_number = other.house_number and one.postal_key = other.postal_key', none),
                ('same postal code', 'one.postal_key = other.postal_key', rarer('postal')),
                ('same city', 'one.city_key = other.city_key', rarer('city')),
                ('different', none, none),
            ],
        },
        {
            'name': 'industry', 'label': 'industry', 'known': 'one.industry is not null and other.industry is not null',
            'levels': [
                ('equal', 'one.industry = other.industry', rarer('industry')),
                ('different', none, none),
            ],
        },
    ]) }}
{% endmacro %}


{#
    Evidence that would count twice: a company's domain is made of its name, so who shares the one is likely to share the other.
    Three quarters of the lesser are taken off again.
#}
{% macro companies_counted_twice() %}
    {{ return('iff(domain_level = 0, 0.5 * least(name_rarity, domain_rarity), 0)') }}
{% endmacro %}


{# What two companies must have in common to be compared at all; see people_blocks. #}
{% macro companies_blocks() %}
    {{ return([
        ('domain', ['domain_key']),
        ('telephone', ["right(phone_key, 7)"]),
        ('words of the name', ['sorted_key']),
        ('name', ['spelled_key']),
        ('name begins alike, place', [
            "left(spelled_key, 6) || ' ' || coalesce(postal_key, '')", "left(spelled_key, 5) || ' ' || coalesce(city_key, '')"
        ]),
        ('acronym and place', ["coalesce(acronym_key, spelled_key) || ' ' || coalesce(city_key, postal_key)"]),
        ('street', ['street_key']),
        ('street and city', ["street_key || ' ' || coalesce(city_key, '')"]),
        ('house number and postal code', ["house_number || ' ' || postal_key"]),
    ]) }}
{% endmacro %}
