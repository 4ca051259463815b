with cases as (
    select
        case_id,
        origin
    from {{ ref('stg_salesforce__cases') }}
    where not is_deleted
),

origins as (
    select salesforce_origin
    from {{ ref('map_case_origin') }}
)

select
    'tickets_origin_unmapped' as check_name,
    'tickets' as object,
    cases.case_id as record_id,
    'source_type' as field,
    'field' as scope,
    'origin "' || cases.origin || '" has no row in the seed map_case_origin' as problem
from cases
left join origins on cases.origin = origins.salesforce_origin
where cases.origin is not null and origins.salesforce_origin is null
