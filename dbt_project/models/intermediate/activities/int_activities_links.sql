{#- Each: source field, object, staged model, its id, and the column that names whom or what the activity is about. -#}
{%- set references = [
    ('Event.WhoId', 'meetings', 'stg_salesforce__events', 'event_id', 'who_id'),
    ('Event.WhatId', 'meetings', 'stg_salesforce__events', 'event_id', 'what_id'),
    ('EmailMessage.ParentId', 'emails', 'stg_salesforce__email_messages', 'email_message_id', 'case_id'),
    ('EmailMessage.RelatedToId', 'emails', 'stg_salesforce__email_messages', 'email_message_id', 'related_to_id'),
    ('Note.ParentId', 'notes', 'stg_salesforce__notes', 'note_id', 'parent_id'),
    ('Attachment.ParentId', 'notes', 'stg_salesforce__attachments', 'attachment_id', 'parent_id'),
    ('CaseComment.ParentId', 'notes', 'stg_salesforce__case_comments', 'case_comment_id', 'case_id'),
    ('ContentVersion.FirstPublishLocationId', 'notes', 'stg_salesforce__content_versions', 'content_version_id', 'parent_id'),
] -%}
with classified as (
    select
        task_id,
        object
    from {{ ref('int_activities_classified') }}
),

-- what an activity may hang on in the targets
ends as (
    select
        object,
        record_id
    from {{ ref('int_records_crosswalk') }}
    where object in ('companies', 'contacts', 'deals', 'tickets')
),

tasks as (
    select
        tasks.task_id,
        tasks.who_id,
        tasks.what_id,
        classified.object
    from {{ ref('stg_salesforce__tasks') }} as tasks
    inner join classified on tasks.task_id = classified.task_id
),

found as (
    {% for object in ['tasks', 'calls', 'emails'] -%}
    {%- for source_field, reference in [('Task.WhoId', 'who_id'), ('Task.WhatId', 'what_id')] %}
    select
        '{{ source_field }}' as source_field,
        task_id as source_id,
        '{{ object }}' as from_object,
        {{ reference }} as to_id
    from tasks
    where object = '{{ object }}' and {{ reference }} is not null
    union all
    {%- endfor -%}
    {%- endfor -%}
    {%- for source_field, object, model, id, reference in references %}
    select
        '{{ source_field }}' as source_field,
        {{ id }} as source_id,
        '{{ object }}' as from_object,
        {{ reference }} as to_id
    from {{ ref(model) }}
    where not is_deleted and {{ reference }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    found.source_field,
    found.source_id,
    found.from_object,
    found.source_id as from_id,
    coalesce(ends.object, 'nothing') as to_object,
    found.to_id
from found
left join ends on found.to_id = ends.record_id
-- a file that began in somebody's library is about nothing
where left(found.to_id, 3) <> '005'
