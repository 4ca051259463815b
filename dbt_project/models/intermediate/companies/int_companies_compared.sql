with records as (
    select
        keyed.record_number,
        keyed.name_key,
        keyed.spelled_key,
        keyed.sorted_key,
        keyed.brief_key,
        keyed.acronym_key,
        keyed.word_count,
        keyed.domain_key,
        keyed.phone_key,
        keyed.street_key,
        keyed.house_number,
        keyed.city_key,
        keyed.postal_key,
        keyed.industry,
        rarity.name_rarity,
        rarity.domain_rarity,
        rarity.phone_rarity,
        rarity.street_rarity,
        rarity.bare_street_rarity,
        rarity.city_rarity,
        rarity.postal_rarity,
        rarity.industry_rarity
    from {{ ref('int_companies_keyed') }} as keyed
    inner join {{ ref('int_companies_rarity') }} as rarity on keyed.record_number = rarity.record_number
),

candidates as (
    select
        one_number,
        other_number
    from {{ ref('int_companies_paired') }}
),

words as (
    select
        record_number,
        word,
        rarity
    from {{ ref('int_companies_words') }}
),

shared as (
    select
        candidates.one_number,
        candidates.other_number,
        count(*) as shared_words,
        max(one_word.rarity) as shared_rarity
    from candidates
    inner join words as one_word on candidates.one_number = one_word.record_number
    inner join words as other_word
        on candidates.other_number = other_word.record_number and one_word.word = other_word.word
    group by candidates.one_number, candidates.other_number
),

pairs as (
    select
        candidates.one_number,
        candidates.other_number,
        coalesce(shared.shared_words, 0) as shared_words,
        shared.shared_rarity
    from candidates
    left join shared on candidates.one_number = shared.one_number and candidates.other_number = shared.other_number
),

{{ compared('companies') }}
