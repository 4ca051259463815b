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

shared_domains as (
    select domain
    from {{ ref('shared_domains') }}
)

select
    account_id as record_id,
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
    name_key,
    case
        when regexp_like(website_domain, '^([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z]{2,}$') then website_domain
    end as domain,
    iff(domain not in (select shared_domains.domain from shared_domains), domain, null) as domain_key
from accounts
