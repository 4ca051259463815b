{#
    How two records of people are compared, declared once: each comparison with what both must have, and its levels from
    the strongest to the weakest. A level is a name, a condition on `one` and `other`, and, where the evidence is worth
    more the rarer the value is, the SQL of that rarity in bits. How much each level says stands in the seed
    identity_weights; the last level holds when no other does.
#}
{% macro people_comparisons() %}
    {#- mistyped or not: names are rarely mistyped in their first letter, and asking for it spares most of the work -#}
    {% set swapped =
        "left(one.given_key, 1) = left(other.family_key, 1) and left(one.family_key, 1) = left(other.given_key, 1)"
        " and jarowinkler_similarity(one.given_key, other.family_key) >= 88"
        " and jarowinkler_similarity(one.family_key, other.given_key) >= 88" %}
    {% set same_place = "(one.postal_key = other.postal_key or one.city_key = other.city_key)" %}
    {% set near_place =
        "(editdistance(one.postal_key, other.postal_key, 3) <= 2 or jarowinkler_similarity(one.city_key, other.city_key) >= 88)" %}
    {% set similar_line =
        "(jarowinkler_similarity(one.street_key, other.street_key) >= 88"
        " or jarowinkler_similarity(one.second_line_key, other.second_line_key) >= 92)" %}
    {#- two digits in each other's place leave their sum, and so the rest of a division by nine -#}
    {% set digits_swapped =
        "editdistance(one.birth_key, other.birth_key, 3) <= 2"
        " and mod(try_to_number(one.birth_key) - try_to_number(other.birth_key), 9) = 0" %}
    {% set day_and_month_swapped =
        "left(one.birth_key, 4) = left(other.birth_key, 4) and substr(one.birth_key, 5, 2) = right(other.birth_key, 2)"
        " and right(one.birth_key, 2) = substr(other.birth_key, 5, 2)" %}
    {% set same_phone = "(one.phone_key in (other.phone_key, other.mobile_key) or one.mobile_key in (other.phone_key, other.mobile_key))" %}
    {{ return([
        {
            'name': 'email', 'label': 'e-mail', 'known': 'one.mailbox_key is not null and other.mailbox_key is not null',
            'levels': [
                ('equal', 'one.mailbox_key = other.mailbox_key', rarer('mailbox')),
                ('same user', "one.mailbox_user = other.mailbox_user and length(one.mailbox_user) >= 4", none),
                (
                    'close',
                    'left(one.mailbox_user, 1) = left(other.mailbox_user, 1)'
                    ' and (one.mailbox_host = other.mailbox_host or jarowinkler_similarity(one.mailbox_key, other.mailbox_key) >= 95)'
                    ' and editdistance(one.mailbox_key, other.mailbox_key, 3) <= iff(length(one.mailbox_user) >= 8, 2, 1)',
                    rarer('mailbox')
                ),
                ('same host', 'one.mailbox_host = other.mailbox_host', none),
                ('different', none, none),
            ],
        },
        {
            'name': 'first_name', 'label': 'first name',
            'known': 'one.given_key is not null and other.given_key is not null',
            'levels': [
                ('equal', 'one.given_key = other.given_key', rarer('given')),
                ('swapped', swapped, rarer('given')),
                ('nickname', 'one.formal_key in (other.formal_key, other.given_key) or one.given_key = other.formal_key', none),
                (
                    'initial',
                    'least(length(one.given_key), length(other.given_key)) = 1'
                    ' and left(one.given_key, 1) = left(other.given_key, 1)',
                    none
                ),
                (
                    'close',
                    'jarowinkler_similarity(one.given_key, other.given_key) >= 90'
                    ' and abs(length(one.given_key) - length(other.given_key)) <= 1',
                    none
                ),
                ('similar', 'jarowinkler_similarity(one.given_key, other.given_key) >= 80', none),
                ('different', none, none),
            ],
        },
        {
            'name': 'last_name', 'label': 'last name',
            'known':
                '(one.family_key is not null or one.given_key = other.family_key)'
                ' and (other.family_key is not null or other.given_key = one.family_key)',
            'levels': [
                ('equal', 'one.family_key = other.family_key', rarer('family')),
                ('swapped', swapped, rarer('family')),
                (
                    'close',
                    'jarowinkler_similarity(one.family_key, other.family_key) >= 90'
                    ' and abs(length(one.family_key) - length(other.family_key)) <= 1',
                    rarer('family')
                ),
                ('similar', 'jarowinkler_similarity(one.family_key, other.family_key) >= 84', none),
                (
                    'crossed',
                    'one.given_key = other.family_key or other.given_key = one.family_key',
                    'iff(one.given_key = other.family_key, other.family_rarity, one.family_rarity)'
                ),
                ('different', none, none),
            ],
        },
        {
            'name': 'phone', 'label': 'phone',
            'known':
                'coalesce(one.phone_key, one.mobile_key) is not null and coalesce(other.phone_key, other.mobile_key) is not null',
            'levels': [
                ('equal', same_phone, 'iff(one.phone_key in (other.phone_key, other.mobile_key), one.phone_rarity, one.mobile_rarity)'),
                (
                    'close',
                    one_digit_off('one.phone_key', 'other.phone_key') ~ ' or ' ~ one_digit_off('one.mobile_key', 'other.mobile_key'),
                    none
                ),
                ('different', none, none),
            ],
        },
        {
            'name': 'company', 'label': 'company',
            'known': 'one.company_key is not null and other.company_key is not null',
            'levels': [
                ('equal', 'one.company_key = other.company_key', rarer('company')),
                ('close', 'jarowinkler_similarity(one.company_key, other.company_key) >= 92', rarer('company')),
                ('different', none, none),
            ],
        },
        {
            'name': 'address', 'label': 'address', 'known': 'one.street_key is not null and other.street_key is not null',
            'levels': [
                ('equal', 'one.street_key = other.street_key and ' ~ same_place, rarer('street')),
                (
                    'lines swapped',
                    'jarowinkler_similarity(one.street_name, other.second_line_key) >= 90'
                    ' and jarowinkler_similarity(one.second_line_key, other.street_name) >= 90',
                    rarer('street')
                ),
                ('same street', 'one.street_key = other.street_key and length(one.street_key) > 6', none),
                ('close', same_place ~ ' and ' ~ similar_line, none),
                ('close, place mistyped', similar_line ~ ' and ' ~ near_place, none),
                ('same place', 'one.postal_key = other.postal_key and one.city_key = other.city_key', rarer('postal')),
                ('same postal code', 'one.postal_key = other.postal_key', rarer('postal')),
                ('same city', 'one.city_key = other.city_key', rarer('city')),
                ('similar', 'jarowinkler_similarity(one.street_key, other.street_key) >= 92', none),
                ('different', none, none),
            ],
        },
        {
            'name': 'place', 'label': 'place',
            'known':
                '(one.street_key is null or other.street_key is null)'
                ' and (one.postal_key is not null and other.postal_key is not null'
                ' or one.city_key is not null and other.city_key is not null)',
            'levels': [
                ('same place', 'one.postal_key = other.postal_key and one.city_key = other.city_key', rarer('postal')),
                ('same postal code', 'one.postal_key = other.postal_key', rarer('postal')),
                ('same city', 'one.city_key = other.city_key', rarer('city')),
                (
                    'near',
                    'jarowinkler_similarity(one.city_key, other.city_key) >= 88'
                    ' or left(one.postal_key, length(one.postal_key) - 3) = left(other.postal_key, length(other.postal_key) - 3)',
                    none
                ),
                ('different', none, none),
            ],
        },
        {
            'name': 'birthdate', 'label': 'date of birth',
            'known': 'one.birth_key is not null and other.birth_key is not null',
            'levels': [
                ('equal', 'one.birth_key = other.birth_key', rarer('birth')),
                (
                    'mistyped',
                    'editdistance(one.birth_key, other.birth_key, 2) <= 1 or ' ~ digits_swapped ~ ' or ' ~ day_and_month_swapped,
                    rarer('birth')
                ),
                ('two digits off', 'editdistance(one.birth_key, other.birth_key, 3) <= 2', none),
                ('same year', 'left(one.birth_key, 4) = left(other.birth_key, 4)', none),
                ('different', none, none),
            ],
        },
        {
            'name': 'job_title', 'label': 'job title',
            'known': 'one.title_key is not null and other.title_key is not null',
            'levels': [
                ('equal', 'one.title_key = other.title_key', rarer('title')),
                ('different', none, none),
            ],
        },
    ]) }}
{% endmacro %}


{#
    Whether two numbers of seven or more digits differ in one place at most. Then they begin or end alike, and asking for
    that first spares nearly all of the counting.
#}
{% macro one_digit_off(one, other) -%}
    (left({{ one }}, 3) = left({{ other }}, 3) or right({{ one }}, 3) = right({{ other }}, 3))
    and editdistance({{ one }}, {{ other }}, 2) <= 1
{%- endmacro %}


{#
    Evidence that would count twice: who works in one office shares its company, address and telephone, and so does a household.
    All but the strongest of the three are taken off again.
#}
{% macro people_counted_twice() %}
    {{ return('phone_rarity + address_rarity + company_rarity - greatest(phone_rarity, address_rarity, company_rarity)') }}
{% endmacro %}


{#
    What two records of people must have in common to be compared at all: one of these keys, SQL on a keyed record.
    Each finds pairs that the others miss; a key shared by more than `identity_block_limit` records is no key.
#}
{% macro people_blocks() %}
    {{ return([
        ('mailbox', ['mailbox_key']),
        ('mailbox user', ["iff(length(mailbox_user) >= 5, mailbox_user, null)"]),
        ('telephone', ['phone_key', 'mobile_key']),
        ('name', ["given_key || ' ' || family_key", "family_key || ' ' || given_key"]),
        ('first name and postal code', ["formal_key || ' ' || postal_key"]),
        ('last name and postal code', ["family_key || ' ' || postal_key"]),
        ('names begin alike, postal code', [
            "left(family_key, 2) || ' ' || postal_key", "left(formal_key, 2) || ' ' || postal_key"
        ]),
        ('first name and company', ["formal_key || ' ' || company_key"]),
        ('last name and company', ["family_key || ' ' || company_key"]),
        ('last name and city', ["family_key || ' ' || city_key"]),
        ('first name and city', ["formal_key || ' ' || left(family_key, 2) || ' ' || city_key"]),
        ('names begin alike, city', ["left(family_key, 3) || left(formal_key, 1) || ' ' || left(city_key, 5)"]),
        ('street and postal code', ["street_key || ' ' || coalesce(postal_key, city_key)"]),
        ('street and city', ["street_key || ' ' || city_key"]),
        ('both lines', ["least(street_name, second_line_key) || ' ' || greatest(street_name, second_line_key)"]),
        ('second line and city', ["second_line_key || ' ' || city_key", "second_line_key || ' ' || postal_key"]),
        ('street and name', ["formal_key || ' ' || street_key", "left(family_key, 3) || ' ' || street_key"]),
        ('date of birth and name', ["birth_key || left(formal_key, 1)", "birth_key || left(family_key, 1)"]),
        ('date of birth and place', ["birth_key || left(postal_key, 3)", "birth_key || left(city_key, 4)"]),
        ('year of birth and name', ["left(birth_key, 4) || left(family_key, 4)"]),
        ('day of birth and name', [
            "right(birth_key, 4) || left(family_key, 3)", "right(birth_key, 4) || left(formal_key, 3)"
        ]),
        ('day of birth and postal code', ["right(birth_key, 4) || postal_key"]),
        ('job title, postal code and name', ["title_key || ' ' || postal_key || left(coalesce(formal_key, family_key), 1)"]),
        ('job title and name', ["title_key || ' ' || family_key || left(formal_key, 1)"]),
        ('job title and year of birth', ["title_key || left(birth_key, 4) || left(family_key, 1)"]),
    ]) }}
{% endmacro %}
