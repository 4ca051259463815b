with cases as (
    select
        case_id,
        case_type
    from {{ ref('stg_salesforce__cases') }}
    where not is_deleted
),

types as (
    select salesforce_type
    from {{ ref('map_case_type') }}
)

select
    'tickets_type_unmapped' as check_name,
    'tickets' as object,
    cases.case_id as record_id,
    'ticket_type' as field,
    'field' as scope,
    'type "' || cases.case_type || '" has no row in the seed map_case_type' as problem
from cases
left join types on cases.case_type = types.salesforce_type
where cases.case_type is not null and types.salesforce_type is null
