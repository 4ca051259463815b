with notes as (
    select
        note_id,
        source_object,
        user_id,
        written_at,
        title,
        body,
        file_name,
        is_public
    from {{ ref('int_activities_notes') }}
    where note_id = golden_id
),

refused as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'notes' and scope = 'record'
),

files as (
    select
        record_id,
        stage_path || '-' || left(sha256, 8) as path
    from {{ ref('stg_salesforce__blobs') }}
),

owners as (
    select
        owner_id,
        hubspot_owner_id
    from {{ ref('int_owners_mapped') }}
),

mapped as (
    select
        notes.note_id as _record_key,
        notes.written_at as hs_timestamp,
        {{ as_html("concat_ws(chr(10), coalesce(notes.title, ''), coalesce(notes.body, ''))") }} as hs_note_body,
        owners.hubspot_owner_id,
        notes.source_object as salesforce_object,
        notes.file_name as salesforce_file_name,
        notes.is_public as salesforce_is_public,
        -- the content of a newer note is HTML; no character that a path gives a meaning stays in a name
        files.path || '-' || translate(
            replace(coalesce(notes.file_name, 'file'), '.snote', '.html'), '/:*?"<>|;#%' || chr(92), '____________'
        ) as hs_attachment_ids
    from notes
    left join refused on notes.note_id = refused.record_id
    left join files on notes.note_id = files.record_id
    left join owners on notes.user_id = owners.owner_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
