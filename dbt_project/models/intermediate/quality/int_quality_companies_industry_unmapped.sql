with companies as (
    select
        golden_id,
        industry
    from {{ ref('int_companies_merged') }}
),

industries as (
    select salesforce_industry
    from {{ ref('map_industry') }}
)

select
    'companies_industry_unmapped' as check_name,
    'companies' as object,
    companies.golden_id as record_id,
    'industry' as field,
    'field' as scope,
    'industry "' || companies.industry || '" has no row in the seed map_industry' as problem
from companies
left join industries on companies.industry = industries.salesforce_industry
where companies.industry is not null and industries.salesforce_industry is null
