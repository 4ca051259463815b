with cases as (
    select
        case_id,
        priority
    from {{ ref('stg_salesforce__cases') }}
    where not is_deleted
),

priorities as (
    select salesforce_priority
    from {{ ref('map_case_priority') }}
)

select
    'tickets_priority_unmapped' as check_name,
    'tickets' as object,
    cases.case_id as record_id,
    'hs_ticket_priority' as field,
    'field' as scope,
    'priority "' || cases.priority || '" has no row in the seed map_case_priority' as problem
from cases
left join priorities on cases.priority = priorities.salesforce_priority
where cases.priority is not null and priorities.salesforce_priority is null
