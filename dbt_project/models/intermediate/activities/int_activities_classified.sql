with tasks as (
    select
        task_id,
        task_subtype
    from {{ ref('stg_salesforce__tasks') }}
    where not is_deleted
),

subtypes as (
    select
        salesforce_subtype,
        hubspot_object
    from {{ ref('map_task_subtype') }}
),

-- Salesforce makes a task of each e-mail for the timeline: both are one e-mail
messages as (
    select
        activity_id as task_id,
        min(email_message_id) as email_message_id
    from {{ ref('stg_salesforce__email_messages') }}
    where not is_deleted and activity_id is not null
    group by activity_id
)

select
    tasks.task_id,
    iff(messages.email_message_id is null, coalesce(subtypes.hubspot_object, 'tasks'), 'emails') as object,
    coalesce(messages.email_message_id, tasks.task_id) as golden_id
from tasks
left join subtypes on tasks.task_subtype = subtypes.salesforce_subtype
left join messages on tasks.task_id = messages.task_id
