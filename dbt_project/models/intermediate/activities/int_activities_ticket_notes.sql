with case_comments as (
    select
        case_comment_id as note_id,
        'CaseComment' as source_object,
        case_id,
        created_by_id as user_id,
        created_at as said_at,
        iff(is_public, 'Comment, visible to the customer', 'Comment, internal') as heading,
        body
    from {{ ref('stg_salesforce__case_comments') }}
    where not is_deleted
),

emails as (
    select
        email_message_id as note_id,
        'EmailMessage' as source_object,
        case_id,
        created_by_id as user_id,
        coalesce(sent_at, created_at) as said_at,
        'E-mail from ' || coalesce(from_address, 'nobody') || ' to ' || coalesce(to_address, 'nobody')
        || coalesce(': ' || subject, '') as heading,
        -- a mail that has no plain text is read in HubSpot
        text_body as body
    from {{ ref('stg_salesforce__email_messages') }}
    where not is_deleted
),

said as (
    {% for part in ['case_comments', 'emails'] %}
    select
        note_id,
        source_object,
        case_id,
        user_id,
        said_at,
        heading,
        body
    from {{ part }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

cases as (
    select case_id
    from {{ ref('stg_salesforce__cases') }}
    where not is_deleted
)

select
    said.note_id,
    said.source_object,
    said.case_id as ticket_key,
    said.user_id,
    said.said_at,
    said.heading,
    said.body
from said
inner join cases on said.case_id = cases.case_id
where {{ var('intercom_history') }}
