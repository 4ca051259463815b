with companies as (
    select
        record_number,
        sorted_key,
        domain_key,
        right(phone_key, 7) as local_key,
        street_key,
        iff(street_key is null, null, street_key || '|' || coalesce(city_key, '')) as address_key,
        city_key,
        postal_key,
        industry
    from {{ ref('int_companies_keyed') }}
),

-- How many companies bear a name, not how many records: they are told apart by their domains, else by their telephones,
-- else by their streets.
bearers as (
    select
        sorted_key,
        coalesce(
            nullif(count(distinct domain_key), 0),
            nullif(count(distinct local_key), 0),
            nullif(count(distinct street_key), 0),
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
)

select
    companies.record_number,
    name_rarities.rarity as name_rarity,
    {{ key_rarity('companies.domain_key') }} as domain_rarity,
    {{ key_rarity('companies.local_key') }} as phone_rarity,
    {{ key_rarity('companies.address_key') }} as street_rarity,
    {{ key_rarity('companies.street_key') }} as bare_street_rarity,
    {{ key_rarity('companies.city_key') }} as city_rarity,
    {{ key_rarity('companies.postal_key') }} as postal_rarity,
    {{ key_rarity('companies.industry') }} as industry_rarity
from companies
left join name_rarities on companies.sorted_key = name_rarities.sorted_key
