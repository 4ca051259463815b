with notes as (
    select
        note_id,
        contact_key,
        user_id,
        written_at,
        title,
        body
    from {{ ref('int_activities_contact_notes') }}
    where note_id = golden_id
),

refused as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'contact_notes'
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
        notes.contact_key as contact_key,
        -- Intercom dates a note by its making
        {{ as_marked_html(
            "concat_ws(chr(10), coalesce(notes.title, ''), coalesce(notes.body, ''), to_char(notes.written_at, 'YYYY-MM-DD HH24:MI'))",
            'notes.note_id'
        ) }} as body,
        owners.intercom_admin_id as admin_id
    from notes
    left join refused on notes.note_id = refused.record_id
    left join owners on notes.user_id = owners.owner_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
