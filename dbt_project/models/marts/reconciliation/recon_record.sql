with records as (
    select
        object,
        source_object,
        record_id,
        golden_id
    from {{ ref('int_records_crosswalk') }}
    union all
    -- Intercom knows a tag by its name, and so do we
    select
        'tags' as object,
        source_object,
        tag_key as record_id,
        tag_key as golden_id
    from {{ ref('int_tags_named') }}
    union all
    select
        'contact_notes' as object,
        source_object,
        note_id as record_id,
        golden_id
    from {{ ref('int_activities_contact_notes') }}
    union all
    select
        'ticket_notes' as object,
        source_object,
        note_id as record_id,
        note_id as golden_id
    from {{ ref('int_activities_ticket_notes') }}
),

target_objects as (
    {% for target, object in outbound_records() %}
    select
        '{{ target }}' as target,
        '{{ object }}' as object
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

marts as (
    select
        target,
        object,
        record_key
    from {{ ref('int_recon_marts') }}
),

refusals as (
    select
        target_objects.target,
        found.object,
        found.record_id,
        listagg(distinct found.problem, '; ') within group (order by found.problem) as problems
    from {{ ref('quarantine') }} as found
    inner join target_objects
        on found.object = target_objects.object and found.scope in ('record', target_objects.target)
    group by target_objects.target, found.object, found.record_id
),

attempts as (
    select
        target,
        object,
        record_key,
        status,
        error_category,
        error_message
    from {{ ref('int_recon_attempts') }}
),

ledger as (
    select
        target,
        object,
        record_key,
        target_id
    from {{ source('ops', 'load_ledger') }}
),

found as (
    select
        target,
        object,
        record_key
    from {{ ref('int_recon_found') }}
),

unchecked as (
    select
        target,
        object,
        record_key
    from {{ ref('int_recon_unchecked') }}
),

differences as (
    select
        target,
        object,
        record_key,
        count_if(not is_kept) as mismatching_fields,
        count_if(is_kept) as kept_fields
    from {{ ref('recon_field') }}
    group by target, object, record_key
),

judged as (
    select
        target_objects.target,
        records.object,
        records.source_object,
        records.record_id,
        records.golden_id as record_key,
        ledger.target_id,
        coalesce(differences.mismatching_fields, 0) as mismatching_fields,
        coalesce(differences.kept_fields, 0) as kept_fields,
        refusals.problems,
        attempts.error_category,
        attempts.error_message,
        case
            when
                own.record_key is not null
                and (records.record_id <> records.golden_id or refusals.record_id is not null)
                then 'unexpected'
            when records.record_id <> records.golden_id then 'merged'
            when refusals.record_id is not null then 'quarantined'
            -- before what the target holds: without a mart no field of it was compared with anything
            when marts.record_key is null then 'lost'
            when unchecked.record_key is not null then 'unchecked'
            when found.record_key is not null and differences.mismatching_fields > 0 then 'mismatched'
            when found.record_key is not null then 'verified'
            when attempts.status in ('refused', 'failed') then attempts.status
            when ledger.record_key is not null then 'missing'
            else 'pending'
        end as status
    from records
    inner join target_objects on records.object = target_objects.object
    left join marts
        on
            target_objects.target = marts.target
            and records.object = marts.object
            and records.golden_id = marts.record_key
    left join refusals
        on
            target_objects.target = refusals.target
            and records.object = refusals.object
            and records.golden_id = refusals.record_id
    left join attempts
        on
            target_objects.target = attempts.target
            and records.object = attempts.object
            and records.golden_id = attempts.record_key
    left join ledger
        on
            target_objects.target = ledger.target
            and records.object = ledger.object
            and records.golden_id = ledger.record_key
    left join found
        on
            target_objects.target = found.target
            and records.object = found.object
            and records.golden_id = found.record_key
    -- a record that was merged or held back after it had been sent may still be there under its own id
    left join found as own
        on
            target_objects.target = own.target
            and records.object = own.object
            and records.record_id = own.record_key
    left join unchecked
        on
            target_objects.target = unchecked.target
            and records.object = unchecked.object
            and records.golden_id = unchecked.record_key
    left join differences
        on
            target_objects.target = differences.target
            and records.object = differences.object
            and records.golden_id = differences.record_key
)

select
    target,
    object,
    source_object,
    record_id,
    record_key,
    target_id,
    status,
    mismatching_fields,
    kept_fields,
    case status
        when 'unexpected'
            then iff(record_id <> record_key, 'merged into ' || record_key, problems) || '; the target still holds it'
        when 'merged' then 'merged into ' || record_key
        when 'quarantined' then problems
        when 'verified'
            then iff(kept_fields > 0, kept_fields || ' fields are kept as the target has them', null)
        when 'mismatched' then mismatching_fields || ' fields differ, see recon_field'
        when 'refused' then coalesce(error_category, 'refused') || ': ' || coalesce(error_message, 'no message')
        when 'failed' then coalesce(error_category, 'failed') || ': ' || coalesce(error_message, 'no message')
        when 'missing' then 'sent and accepted, but not found in the target'
        when 'unchecked' then 'sent and accepted; the last read-back was a sample without it'
        when 'pending' then 'not sent yet'
        when 'lost' then 'neither in the mart nor in quarantine'
    end as reason
from judged
