with cases as (
    select
        case_id,
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
    where object = 'tickets' and scope = 'record'
),

statuses as (
    select
        salesforce_status,
        hubspot_pipeline,
        hubspot_stage
    from {{ ref('map_case_status') }}
),

priorities as (
    select
        salesforce_priority,
        hubspot_priority
    from {{ ref('map_case_priority') }}
),

origins as (
    select
        salesforce_origin,
        hubspot_source_type
    from {{ ref('map_case_origin') }}
),

owners as (
    select
        owner_id,
        queue_name,
        hubspot_owner_id
    from {{ ref('int_owners_mapped') }}
),

mapped as (
    select
        cases.case_id as _record_key,
        -- a ticket is found by its subject, so one that has none carries its number
        coalesce(cases.subject, 'Case ' || cases.case_number) as subject,
        cases.description as content,
        statuses.hubspot_pipeline as hs_pipeline,
        statuses.hubspot_stage as hs_pipeline_stage,
        priorities.hubspot_priority as hs_ticket_priority,
        origins.hubspot_source_type as source_type,
        owners.hubspot_owner_id as hubspot_owner_id,
        cases.case_number as salesforce_case_number,
        cases.case_status as salesforce_case_status,
        cases.case_type as salesforce_case_type,
        cases.reason as salesforce_case_reason,
        cases.origin as salesforce_case_origin,
        owners.queue_name as salesforce_queue,
        cases.created_at as salesforce_created_at,
        cases.closed_at as salesforce_closed_at
    from cases
    left join refused on cases.case_id = refused.record_id
    left join statuses on cases.case_status = statuses.salesforce_status
    left join priorities on cases.priority = priorities.salesforce_priority
    left join origins on cases.origin = origins.salesforce_origin
    left join owners on cases.owner_id = owners.owner_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
