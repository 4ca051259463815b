{% set fields = ['mailbox', 'given', 'family', 'company', 'title', 'street', 'city', 'postal', 'birth'] %}

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
        iff(street_key is null, null, street_key || '|' || coalesce(postal_key, city_key, '')) as street_key,
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
),

{{ rarities('people', fields) -}}


select
    people.record_number,
    {% for field in fields -%}
    {{ field }}_rarities.rarity as {{ field }}_rarity,
    {% endfor -%}
    phones.rarity as phone_rarity,
    mobiles.rarity as mobile_rarity
from people
{% for field in fields -%}
left join {{ field }}_rarities on people.{{ field }}_key = {{ field }}_rarities.{{ field }}_key
{% endfor -%}
left join number_rarities as phones on people.phone_key = phones.number_key
left join number_rarities as mobiles on people.mobile_key = mobiles.number_key
