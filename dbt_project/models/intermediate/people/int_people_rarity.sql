with people as (
    select
        record_number,
        mailbox_key,
        given_key,
        family_key,
        phone_key,
        mobile_key,
        company_key,
        title_key,
        iff(street_key is null, null, street_key || '|' || coalesce(postal_key, city_key, '')) as address_key,
        city_key,
        postal_key,
        birth_key
    from {{ ref('int_people_keyed') }}
),

-- a number is one number, whether it stands as telephone or as mobile
numbers as (
    select
        record_number,
        phone_key as number_key
    from people
    where phone_key is not null
    union distinct
    select
        record_number,
        mobile_key as number_key
    from people
    where mobile_key is not null
),

callers as (
    select count(distinct record_number) as caller_count
    from numbers
),

number_rarities as (
    select
        numbers.number_key,
        {{ rarity('count(*)', 'any_value(callers.caller_count)') }} as rarity
    from numbers
    cross join callers
    group by numbers.number_key
)

select
    people.record_number,
    {{ key_rarity('people.mailbox_key') }} as mailbox_rarity,
    {{ key_rarity('people.given_key') }} as given_rarity,
    {{ key_rarity('people.family_key') }} as family_rarity,
    phones.rarity as phone_rarity,
    mobiles.rarity as mobile_rarity,
    {{ key_rarity('people.company_key') }} as company_rarity,
    {{ key_rarity('people.title_key') }} as title_rarity,
    {{ key_rarity('people.address_key') }} as street_rarity,
    {{ key_rarity('people.city_key') }} as city_rarity,
    {{ key_rarity('people.postal_key') }} as postal_rarity,
    {{ key_rarity('people.birth_key') }} as birth_rarity
from people
left join number_rarities as phones on people.phone_key = phones.number_key
left join number_rarities as mobiles on people.mobile_key = mobiles.number_key
