with notes as (
    select
        note_id,
        ticket_key,
        user_id,
        said_at,
        heading,
        body
    from {{ ref('int_activities_ticket_notes') }}
),

refused as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'ticket_notes'
),

owners as (
    select
        owner_id,
        intercom_admin_id
    from {{ ref('int_owners_mapped') }}
),

mapped as (
    select
        notes.note_id as _record_key,
        notes.ticket_key as ticket_key,
        {{ as_marked_html("concat_ws(chr(10), notes.heading, coalesce(notes.body, ''))", 'notes.note_id') }} as body,
        notes.said_at as created_at,
        owners.intercom_admin_id as admin_id
    from notes
    left join refused on notes.note_id = refused.record_id
    left join owners on notes.user_id = owners.owner_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
