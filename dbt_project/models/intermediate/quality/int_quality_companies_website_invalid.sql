with companies as (
    select
        record_id,
        website,
        domain
    from {{ ref('int_companies_keyed') }}
)

select
    'companies_website_invalid' as check_name,
    'companies' as object,
    record_id,
    'domain' as field,
    'field' as scope,
    'the website names no host: correct Account.Website in Salesforce' as problem
from companies
where website is not null and domain is null
