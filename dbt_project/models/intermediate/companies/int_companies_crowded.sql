with companies as (
    select domain_key
    from {{ ref('int_companies_keyed') }}
    where domain_key is not null
)

select
    domain_key,
    count(*) as record_count
from companies
group by domain_key
having count(*) > {{ var('company_block_limit') }}
