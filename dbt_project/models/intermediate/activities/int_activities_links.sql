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

files as (
    select
        content_document_id,
        content_version_id,
        parent_id
    from {{ ref('stg_salesforce__content_versions') }}
    where not is_deleted and is_latest
),

file_links as (
    select
        content_document_link_id,
        content_document_id,
        shared_with_id
    from {{ ref('stg_salesforce__content_document_links') }}
    where not is_deleted
),

-- the first place is in ContentVersion too, and has its link from there
files_shared_further as (
    select
        file_links.content_document_link_id,
        files.content_version_id,
        file_links.shared_with_id
    from file_links
    inner join files on file_links.content_document_id = files.content_document_id
    where files.parent_id is distinct from file_links.shared_with_id
),

found as (
    {% for object in ['tasks', 'calls', 'emails'] -%}
    {%- for source_field, reference in [('Task.WhoId', 'who_id'), ('Task.WhatId', 'what_id')] %}
    select
        '{{ source_field }}' as source_field,
        task_id as source_id,
        '{{ object }}' as from_object,
        task_id as from_id,
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
        {{ id }} as from_id,
        {{ reference }} as to_id
    from {{ ref(model) }}
    where not is_deleted and {{ reference }} is not null
    union all
    {%- endfor %}
    select
        'ContentDocumentLink.LinkedEntityId' as source_field,
        content_document_link_id as source_id,
        'notes' as from_object,
        content_version_id as from_id,
        shared_with_id as to_id
    from files_shared_further
)

select
    found.source_field,
    found.source_id,
    found.from_object,
    found.from_id,
    coalesce(ends.object, 'nothing') as to_object,
    found.to_id
from found
left join ends on found.to_id = ends.record_id
-- a file in somebody's own library, in one of several, a group's or everybody's is about nothing
where left(found.to_id, 3) not in ('005', '058', '0F9', '00D')
