with accounts as (
    select
        account_id,
        parent_account_id,
        owner_id,
        account_name,
        account_type,
        industry,
        rating,
        account_source,
        description,
        phone,
        website,
        customer_tier,
        street,
        city,
        state,
        postal_code,
        country,
        annual_revenue,
        employee_count,
        contract_end_date,
        created_at,
        modified_at,
        {{ company_name_key('account_name') }} as name_key,
        {{ domain_key('website') }} as website_domain
    from {{ ref('stg_salesforce__accounts') }}
    where not is_deleted
),

-- what has the form of a host
domains as (
    select distinct website_domain as domain
    from accounts
    where regexp_like(website_domain, '^([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z]{2,}$')
),

shared_domains as (
    select domain
    from {{ ref('shared_domains') }}
)

select
    accounts.account_id as record_id,
    accounts.parent_account_id,
    accounts.owner_id,
    accounts.account_name,
    accounts.account_type,
    accounts.industry,
    accounts.rating,
    accounts.account_source,
    accounts.description,
    accounts.phone,
    accounts.website,
    accounts.customer_tier,
    accounts.street,
    accounts.city,
    accounts.state,
    accounts.postal_code,
    accounts.country,
    accounts.annual_revenue,
    accounts.employee_count,
    accounts.contract_end_date,
    accounts.created_at,
    accounts.modified_at,
    accounts.name_key,
    domains.domain,
    iff(shared_domains.domain is null, domains.domain, null) as domain_key
from accounts
left join domains on accounts.website_domain = domains.domain
left join shared_domains on domains.domain = shared_domains.domain
