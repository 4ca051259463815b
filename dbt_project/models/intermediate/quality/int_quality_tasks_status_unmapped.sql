with tasks as (
    select
        task_id,
        task_status
    from {{ ref('stg_salesforce__tasks') }}
    where not is_deleted
),

statuses as (
    select salesforce_status
    from {{ ref('map_task_status') }}
)

select
    'tasks_status_unmapped' as check_name,
    'tasks' as object,
    tasks.task_id as record_id,
    'hs_task_status' as field,
    'field' as scope,
    'status "' || tasks.task_status || '" has no row in the seed map_task_status' as problem
from tasks
left join statuses on tasks.task_status = statuses.salesforce_status
where tasks.task_status is not null and statuses.salesforce_status is null
