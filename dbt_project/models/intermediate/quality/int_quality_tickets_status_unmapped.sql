with cases as (
    select
        case_id,
        case_status
    from {{ ref('stg_salesforce__cases') }}
    where not is_deleted
),

statuses as (
    select salesforce_status
    from {{ ref('map_case_status') }}
)

select
    'tickets_status_unmapped' as check_name,
    'tickets' as object,
    cases.case_id as record_id,
    'hs_pipeline_stage' as field,
    'record' as scope,
    'status "' || coalesce(cases.case_status, '') || '" has no row in the seed map_case_status' as problem
from cases
left join statuses on cases.case_status = statuses.salesforce_status
where statuses.salesforce_status is null
