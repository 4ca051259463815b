with records as (
    select
        keyed.record_number,
        keyed.mailbox_key,
        keyed.mailbox_user,
        keyed.mailbox_host,
        keyed.given_key,
        keyed.formal_key,
        keyed.family_key,
        keyed.phone_key,
        keyed.mobile_key,
        keyed.company_key,
        keyed.title_key,
        keyed.street_key,
        keyed.street_name,
        keyed.second_line_key,
        keyed.city_key,
        keyed.postal_key,
        keyed.birth_key,
        rarity.mailbox_rarity,
        rarity.given_rarity,
        rarity.family_rarity,
        rarity.phone_rarity,
        rarity.mobile_rarity,
        rarity.company_rarity,
        rarity.title_rarity,
        rarity.street_rarity,
        rarity.city_rarity,
        rarity.postal_rarity,
        rarity.birth_rarity
    from {{ ref('int_people_keyed') }} as keyed
    inner join {{ ref('int_people_rarity') }} as rarity on keyed.record_number = rarity.record_number
),

pairs as (
    select
        one_number,
        other_number
    from {{ ref('int_people_paired') }}
),

{{ compared('people') }}
