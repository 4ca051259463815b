with notes as (
    select
        note_id,
        'Note' as source_object,
        note_id as golden_id,
        parent_id,
        owner_id as user_id,
        created_at as written_at,
        title,
        body,
        null as file_name,
        null as is_public
    from {{ ref('stg_salesforce__notes') }}
    where not is_deleted
),

-- of a file only the version that people see is sent
content_versions as (
    select
        content_version_id as note_id,
        'ContentVersion' as source_object,
        first_value(content_version_id) over (
            partition by content_document_id order by is_latest desc, created_at desc, content_version_id desc
        ) as golden_id,
        parent_id,
        owner_id as user_id,
        created_at as written_at,
        title,
        iff(file_type = 'SNOTE', text_preview, description) as body,
        file_path as file_name,
        null as is_public
    from {{ ref('stg_salesforce__content_versions') }}
    where not is_deleted
),

attachments as (
    select
        attachment_id as note_id,
        'Attachment' as source_object,
        attachment_id as golden_id,
        parent_id,
        owner_id as user_id,
        created_at as written_at,
        file_name as title,
        description as body,
        file_name,
        null as is_public
    from {{ ref('stg_salesforce__attachments') }}
    where not is_deleted
),

case_comments as (
    select
        case_comment_id as note_id,
        'CaseComment' as source_object,
        case_comment_id as golden_id,
        case_id as parent_id,
        created_by_id as user_id,
        created_at as written_at,
        null as title,
        body,
        null as file_name,
        is_public
    from {{ ref('stg_salesforce__case_comments') }}
    where not is_deleted
)

{% for part in ['notes', 'content_versions', 'attachments', 'case_comments'] %}
select
    note_id,
    source_object,
    golden_id,
    parent_id,
    user_id,
    written_at,
    title,
    body,
    file_name,
    is_public
from {{ part }}
{{ 'union all' if not loop.last }}
{% endfor %}
