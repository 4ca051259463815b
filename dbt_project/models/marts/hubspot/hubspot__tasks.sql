with tasks as (
    select
        task_id,
        owner_id,
        subject,
        description,
        task_status,
        priority,
        task_subtype,
        due_date,
        completed_at,
        created_at
    from {{ ref('stg_salesforce__tasks') }}
    where not is_deleted
),

classified as (
    select task_id
    from {{ ref('int_activities_classified') }}
    where object = 'tasks' and golden_id = task_id
),

refused as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'tasks' and scope = 'record'
),

statuses as (
    select
        salesforce_status,
        hubspot_status
    from {{ ref('map_task_status') }}
),

priorities as (
    select
        salesforce_priority,
        hubspot_priority
    from {{ ref('map_task_priority') }}
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
        coalesce(cast(tasks.due_date as timestamp_ntz), tasks.created_at) as hs_timestamp,
        tasks.subject as hs_task_subject,
        {{ as_html('tasks.description') }} as hs_task_body,
        statuses.hubspot_status as hs_task_status,
        priorities.hubspot_priority as hs_task_priority,
        iff(tasks.task_subtype = 'LinkedIn', 'LINKED_IN', 'TODO') as hs_task_type,
        tasks.completed_at as hs_task_completion_date,
        owners.hubspot_owner_id
    from tasks
    inner join classified on tasks.task_id = classified.task_id
    left join refused on tasks.task_id = refused.record_id
    left join statuses on tasks.task_status = statuses.salesforce_status
    left join priorities on tasks.priority = priorities.salesforce_priority
    left join owners on tasks.owner_id = owners.owner_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
