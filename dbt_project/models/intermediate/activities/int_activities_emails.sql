with classified as (
    select task_id
    from {{ ref('int_activities_classified') }}
    where object = 'emails' and golden_id = task_id
),

logged as (
    select
        tasks.task_id as email_id,
        tasks.owner_id as user_id,
        coalesce(tasks.completed_at, cast(tasks.due_date as timestamp_ntz), tasks.created_at) as sent_at,
        tasks.subject,
        tasks.description as text_body,
        null as html_body,
        'EMAIL' as direction,
        iff(tasks.is_closed, 'SENT', 'SCHEDULED') as send_status,
        null as from_name,
        null as from_address,
        null as to_address,
        null as cc_address,
        null as bcc_address
    from {{ ref('stg_salesforce__tasks') }} as tasks
    inner join classified on tasks.task_id = classified.task_id
),

messages as (
    select
        email_message_id as email_id,
        created_by_id as user_id,
        coalesce(sent_at, created_at) as sent_at,
        subject,
        text_body,
        html_body,
        iff(is_incoming, 'INCOMING_EMAIL', 'EMAIL') as direction,
        case message_status when '3' then 'SENT' when '5' then 'SCHEDULED' end as send_status,
        from_name,
        from_address,
        to_address,
        cc_address,
        bcc_address
    from {{ ref('stg_salesforce__email_messages') }}
    where not is_deleted
)

{% for part in ['logged', 'messages'] %}
select
    email_id,
    user_id,
    sent_at,
    subject,
    text_body,
    html_body,
    direction,
    send_status,
    from_name,
    from_address,
    to_address,
    cc_address,
    bcc_address
from {{ part }}
{{ 'union all' if not loop.last }}
{% endfor %}
