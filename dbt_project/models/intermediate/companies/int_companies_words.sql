with companies as (
    select
        record_number,
        sorted_key
    from {{ ref('int_companies_keyed') }}
    where sorted_key is not null
),

words as (
    select distinct
        companies.record_number,
        word.value::varchar as word
    from companies,
        lateral flatten(input => split(companies.sorted_key, ' ')) as word
),

named as (
    select count(*) as company_count
    from companies
),

weighed as (
    select
        words.record_number,
        words.word,
        {{ rarity('count(*) over (partition by words.word)', 'named.company_count') }} as rarity
    from words
    cross join named
)

select
    record_number,
    word,
    rarity,
    row_number() over (partition by record_number order by rarity desc, word asc) as rarity_rank
from weighed
