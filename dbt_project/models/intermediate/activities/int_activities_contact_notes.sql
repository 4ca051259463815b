with notes as (
    select
        note_id,
        source_object,
        golden_id,
        parent_id,
        user_id,
        written_at,
        title,
        body,
        file_name
    from {{ ref('int_activities_notes') }}
),

people as (
    select
        record_id,
        golden_id
    from {{ ref('int_people_crosswalk') }}
)

select
    notes.note_id,
    notes.source_object,
    notes.golden_id,
    people.golden_id as contact_key,
    notes.user_id,
    notes.written_at,
    notes.title,
    notes.body,
    notes.file_name
from notes
inner join people on notes.parent_id = people.record_id
