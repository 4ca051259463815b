with keyed as (
    select
        record_id,
        parent_account_id,
        name_key,
        domain_key
    from {{ ref('int_companies_keyed') }}
    where domain_key is not null and name_key is not null
),

crowded as (
    select domain_key
    from {{ ref('int_companies_crowded') }}
),

companies as (
    select
        keyed.record_id,
        keyed.parent_account_id,
        keyed.name_key,
        keyed.domain_key
    from keyed
    left join crowded on keyed.domain_key = crowded.domain_key
    where crowded.domain_key is null
),

pairs as (
    select
        first_company.record_id as left_id,
        second_company.record_id as right_id,
        jarowinkler_similarity(first_company.name_key, second_company.name_key) as name_similarity,
        replace(first_company.name_key, ' ', '') = replace(second_company.name_key, ' ', '') as is_same_unspaced,
        regexp_count(first_company.name_key, ' ') = regexp_count(second_company.name_key, ' ') as has_as_many_words
    from companies as first_company
    inner join companies as second_company
        on
            first_company.domain_key = second_company.domain_key
            and first_company.record_id < second_company.record_id
    -- a parent and its subsidiary share the domain and much of the name, and are two companies
    where
        first_company.record_id is distinct from second_company.parent_account_id
        and second_company.record_id is distinct from first_company.parent_account_id
)

select
    left_id,
    right_id,
    'same_domain_similar_name' as match_rule,
    'domain equal, name similarity ' || name_similarity || ' of 100' as evidence
from pairs
-- a typing error leaves the number of words as it is; a further word names a branch
where is_same_unspaced or (has_as_many_words and name_similarity >= {{ var('company_name_similarity') }})
