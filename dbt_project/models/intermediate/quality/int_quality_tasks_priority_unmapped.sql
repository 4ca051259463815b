with tasks as (
    select
        task_id,
        priority
    from {{ ref('stg_salesforce__tasks') }}
    where not is_deleted
),

priorities as (
    select salesforce_priority
    from {{ ref('map_task_priority') }}
)

select
    'tasks_priority_unmapped' as check_name,
    'tasks' as object,
    tasks.task_id as record_id,
    'hs_task_priority' as field,
    'field' as scope,
    'priority "' || tasks.priority || '" has no row in the seed map_task_priority' as problem
from tasks
left join priorities on tasks.priority = priorities.salesforce_priority
where tasks.priority is not null and priorities.salesforce_priority is null
