with companies as (
    select
        golden_id,
        owner_id,
        account_name,
        account_type,
        industry,
        rating,
        account_source,
        description,
        phone,
        website,
        domain,
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
        record_ids
    from {{ ref('int_companies_merged') }}
),

refused as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'companies' and scope = 'record'
),

industries as (
    select
        salesforce_industry,
        hubspot_industry
    from {{ ref('map_industry') }}
),

owners as (
    select
        owner_id,
        hubspot_owner_id
    from {{ ref('int_owners_mapped') }}
),

mapped as (
    select
        companies.golden_id as _record_key,
        companies.account_name as name,
        companies.domain as domain,
        companies.website as website,
        companies.phone as phone,
        companies.street as address,
        companies.city as city,
        companies.state as state,
        companies.postal_code as zip,
        companies.country as country,
        industries.hubspot_industry as industry,
        companies.annual_revenue as annualrevenue,
        companies.employee_count as numberofemployees,
        companies.description as description,
        owners.hubspot_owner_id as hubspot_owner_id,
        companies.industry as salesforce_industry,
        companies.account_type as salesforce_account_type,
        companies.rating as salesforce_rating,
        companies.account_source as salesforce_account_source,
        companies.customer_tier as customer_tier,
        companies.contract_end_date as contract_end_date,
        companies.created_at as salesforce_created_at,
        companies.record_ids as salesforce_record_ids
    from companies
    left join refused on companies.golden_id = refused.record_id
    left join industries on companies.industry = industries.salesforce_industry
    left join owners on companies.owner_id = owners.owner_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
