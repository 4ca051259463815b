with cases as (
    select
        case_id,
        contact_id,
        owner_id,
        case_number,
        subject,
        description,
        case_type,
        case_status,
        reason,
        origin,
        priority,
        created_at,
        closed_at
    from {{ ref('stg_salesforce__cases') }}
    where not is_deleted
),

refused as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'tickets' and scope in ('record', 'intercom')
),

people as (
    select
        record_id,
        golden_id
    from {{ ref('int_people_crosswalk') }}
),

types as (
    select
        salesforce_type,
        intercom_ticket_type
    from {{ ref('map_case_type') }}
),

statuses as (
    select
        salesforce_status,
        intercom_state
    from {{ ref('map_case_status') }}
),

owners as (
    select
        owner_id,
        queue_name,
        intercom_admin_id
    from {{ ref('int_owners_mapped') }}
),

mapped as (
    select
        cases.case_id as _record_key,
        people.golden_id as contact_key,
        coalesce(types.intercom_ticket_type, 'Support case') as ticket_type,
        statuses.intercom_state as ticket_state,
        -- a ticket is found by its title, so one that has none carries its number
        coalesce(cases.subject, 'Case ' || cases.case_number) as title,
        cases.description as description,
        -- Intercom's word for nobody
        coalesce(owners.intercom_admin_id, 0) as assignee_id,
        cases.created_at as created_at,
        cases.case_number as salesforce_case_number,
        cases.case_status as salesforce_status,
        cases.case_type as salesforce_type,
        cases.priority as salesforce_priority,
        cases.reason as salesforce_reason,
        cases.origin as salesforce_origin,
        owners.queue_name as salesforce_queue,
        cases.closed_at as salesforce_closed_at
    from cases
    inner join people on cases.contact_id = people.record_id
    left join refused on cases.case_id = refused.record_id
    left join types on cases.case_type = types.salesforce_type
    left join statuses on cases.case_status = statuses.salesforce_status
    left join owners on cases.owner_id = owners.owner_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
