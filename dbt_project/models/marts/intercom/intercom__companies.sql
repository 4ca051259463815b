with companies as (
    select
        golden_id,
        account_name,
        account_type,
        industry,
        website,
        phone,
        customer_tier,
        country,
        annual_revenue,
        employee_count,
        created_at
    from {{ ref('int_companies_merged') }}
),

refused as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'companies' and scope = 'record'
),

mapped as (
    select
        companies.golden_id as _record_key,
        companies.account_name as name,
        companies.website as website,
        companies.industry as industry,
        companies.employee_count as size,
        companies.created_at as remote_created_at,
        companies.account_type as account_type,
        companies.customer_tier as customer_tier,
        companies.phone as company_phone,
        companies.country as company_country,
        companies.annual_revenue as annual_revenue
    from companies
    left join refused on companies.golden_id = refused.record_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
