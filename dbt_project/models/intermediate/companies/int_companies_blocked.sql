with records as (
    select
        record_number,
        domain_key,
        phone_key,
        sorted_key,
        spelled_key,
        acronym_key,
        street_key,
        house_number,
        city_key,
        postal_key
    from {{ ref('int_companies_keyed') }}
),

rare_words as (
    select
        record_number,
        'rarest words' as block,
        word as block_key
    from {{ ref('int_companies_words') }}
    where rarity_rank <= 2
),

{{ blocks(companies_blocks(), further='rare_words') }}
