with companies as (
    select
        golden_id,
        account_name
    from {{ ref('int_companies_merged') }}
)

select
    'companies_unnamed' as check_name,
    'companies' as object,
    golden_id as record_id,
    'name' as field,
    'record' as scope,
    'a company needs a name: fill Account.Name in Salesforce' as problem
from companies
where account_name is null
