{% set fields = ['domain', 'phone', 'street', 'bare_street', 'city', 'postal', 'industry'] %}

with companies as (
    select
        record_number,
        sorted_key,
        domain_key,
        right(phone_key, 7) as phone_key,
        iff(street_key is null, null, street_key || '|' || coalesce(city_key, '')) as street_key,
        street_key as bare_street_key,
        city_key,
        postal_key,
        industry as industry_key
    from {{ ref('int_companies_keyed') }}
),

-- How many companies bear a name, not how many records: they are told apart by their domains, else by their telephones,
-- else by their streets.
bearers as (
    select
        sorted_key,
        coalesce(
            nullif(count(distinct domain_key), 0),
            nullif(count(distinct phone_key), 0),
            nullif(count(distinct bare_street_key), 0),
            1
        ) as company_count
    from companies
    where sorted_key is not null
    group by sorted_key
),

named as (
    select count(sorted_key) as record_count
    from companies
),

name_rarities as (
    select
        bearers.sorted_key,
        {{ rarity('bearers.company_count + 1', 'named.record_count') }} as rarity
    from bearers
    cross join named
),

{{ rarities('companies', fields) -}}


select
    companies.record_number,
    {% for field in fields -%}
    {{ field }}_rarities.rarity as {{ field }}_rarity,
    {% endfor -%}
    name_rarities.rarity as name_rarity
from companies
{% for field in fields -%}
left join {{ field }}_rarities on companies.{{ field }}_key = {{ field }}_rarities.{{ field }}_key
{% endfor -%}
left join name_rarities on companies.sorted_key = name_rarities.sorted_key
