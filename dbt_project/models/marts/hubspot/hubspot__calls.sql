with tasks as (
    select
        task_id,
        owner_id,
        subject,
        description,
        call_type,
        call_duration_seconds,
        due_date,
        completed_at,
        created_at,
        is_closed
    from {{ ref('stg_salesforce__tasks') }}
    where not is_deleted
),

classified as (
    select task_id
    from {{ ref('int_activities_classified') }}
    where object = 'calls' and golden_id = task_id
),

refused as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'calls' and scope = 'record'
),

directions as (
    select
        salesforce_call_type,
        hubspot_direction
    from {{ ref('map_call_type') }}
),

owners as (
    select
        owner_id,
        hubspot_owner_id
    from {{ ref('int_owners_mapped') }}
),

mapped as (
    select
        tasks.task_id as _record_key,
        coalesce(tasks.completed_at, cast(tasks.due_date as timestamp_ntz), tasks.created_at) as hs_timestamp,
        tasks.subject as hs_call_title,
        {{ as_html('tasks.description') }} as hs_call_body,
        directions.hubspot_direction as hs_call_direction,
        -- HubSpot counts milliseconds
        tasks.call_duration_seconds * 1000 as hs_call_duration,
        -- a call that is still to be made waits for its turn
        iff(tasks.is_closed, 'COMPLETED', 'QUEUED') as hs_call_status,
        owners.hubspot_owner_id,
        tasks.call_type as salesforce_call_type
    from tasks
    inner join classified on tasks.task_id = classified.task_id
    left join refused on tasks.task_id = refused.record_id
    left join directions on tasks.call_type = directions.salesforce_call_type
    left join owners on tasks.owner_id = owners.owner_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
