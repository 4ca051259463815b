with people_held_back as (
    select record_id
    from {{ ref('int_quality_people_unidentified') }}
),

tickets_held_back as (
    select record_id from {{ ref('int_quality_tickets_contactless') }}
    union distinct
    select record_id from {{ ref('int_quality_tickets_status_unmapped') }}
)

select
    'notes_homeless' as check_name,
    'contact_notes' as object,
    notes.golden_id as record_id,
    'contact_key' as field,
    'intercom' as scope,
    'the person whom this note is about is in quarantine' as problem
from {{ ref('int_activities_contact_notes') }} as notes
inner join people_held_back on notes.contact_key = people_held_back.record_id
where notes.note_id = notes.golden_id
union all
select
    'notes_homeless' as check_name,
    'ticket_notes' as object,
    notes.note_id as record_id,
    'ticket_key' as field,
    'intercom' as scope,
    'the ticket in which this was said is held back from Intercom' as problem
from {{ ref('int_activities_ticket_notes') }} as notes
inner join tickets_held_back on notes.ticket_key = tickets_held_back.record_id
