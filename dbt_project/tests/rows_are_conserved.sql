-- Rows that a step lost or made, from what the org has live to the crosswalk, and from there to each mart.
with raw_rows as (
    {% for sobject, table in migrated_sources() %}
    select
        '{{ sobject }}' as object,
        count(*) as rows_in
    from {{ source('salesforce', table) }}
    where not coalesce(_deleted, false)
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

identified as (
    select
        source_object as object,
        count(*) as rows_out
    from {{ ref('int_records_crosswalk') }}
    group by source_object
),

resolved as (
    select
        object,
        count(*) as rows_in,
        count_if(record_id <> golden_id) as merged
    from {{ ref('int_records_crosswalk') }}
    group by object
    union all
    select
        'tags' as object,
        count(*) as rows_in,
        0 as merged
    from {{ ref('int_tags_named') }}
    union all
    select
        'contact_notes' as object,
        count(*) as rows_in,
        count_if(note_id <> golden_id) as merged
    from {{ ref('int_activities_contact_notes') }}
    union all
    select
        'ticket_notes' as object,
        count(*) as rows_in,
        0 as merged
    from {{ ref('int_activities_ticket_notes') }}
),

mapped as (
    {% for target, object in outbound_records() %}
    select
        '{{ target }}' as target,
        '{{ object }}' as object,
        count(*) as rows_out
    from {{ ref(target ~ '__' ~ object) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

held_back as (
    select
        sent.target,
        quarantine.object,
        count(distinct quarantine.record_id) as quarantined
    from {{ ref('quarantine') }} as quarantine
    inner join mapped as sent
        on quarantine.object = sent.object and quarantine.scope in ('record', sent.target)
    group by sent.target, quarantine.object
),

steps as (
    select
        'raw to crosswalk' as step,
        raw_rows.object,
        raw_rows.rows_in,
        coalesce(identified.rows_out, 0) as rows_out,
        0 as merged,
        0 as quarantined
    from raw_rows
    left join identified on raw_rows.object = identified.object
    union all
    select
        'crosswalk to ' || mapped.target as step,
        mapped.object,
        coalesce(resolved.rows_in, 0) as rows_in,
        mapped.rows_out,
        coalesce(resolved.merged, 0) as merged,
        coalesce(held_back.quarantined, 0) as quarantined
    from mapped
    left join resolved on mapped.object = resolved.object
    left join held_back on mapped.target = held_back.target and mapped.object = held_back.object
)

select
    step,
    object,
    rows_in,
    rows_out,
    merged,
    quarantined
from steps
where rows_in <> rows_out + merged + quarantined
