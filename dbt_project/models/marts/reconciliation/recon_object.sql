with target_objects as (
    {% for target, object in outbound_records() %}
    select
        '{{ target }}' as target,
        '{{ object }}' as object,
        {{ contract_properties(target ~ '__' ~ object) | length }} as property_count
    union all
    {% endfor %}
    -- a link is there or not: one fact
    select
        'hubspot' as target,
        'associations' as object,
        1 as property_count
    union all
    select
        'intercom' as target,
        'attachments' as object,
        1 as property_count
    union all
    select
        'intercom' as target,
        'taggings' as object,
        1 as property_count
),

rows_judged as (
    select
        target,
        object,
        status,
        mismatching_fields,
        target_id is not null as is_sent
    from {{ ref('recon_record') }}
    union all
    select
        target,
        object,
        status,
        0 as mismatching_fields,
        status in ('verified', 'missing', 'unchecked') as is_sent
    from {{ ref('recon_association') }}
),

counted as (
    select
        target_objects.target,
        target_objects.object,
        target_objects.property_count,
        count(rows_judged.status) as source_records,
        count_if(rows_judged.status = 'merged') as merged,
        count_if(rows_judged.status = 'quarantined') as quarantined,
        count_if(rows_judged.status = 'unexpected') as unexpected,
        count_if(rows_judged.status not in ('merged', 'quarantined', 'unexpected') and rows_judged.is_sent) as sent,
        count_if(rows_judged.status = 'verified') as verified,
        count_if(rows_judged.status = 'unchecked') as unchecked,
        count_if(rows_judged.status = 'mismatched') as mismatched,
        count_if(rows_judged.status = 'refused') as refused,
        count_if(rows_judged.status = 'failed') as failed,
        count_if(rows_judged.status in ('missing', 'lost', 'pending')) as unexplained_loss,
        coalesce(sum(rows_judged.mismatching_fields), 0) as mismatching_fields
    from target_objects
    left join rows_judged
        on target_objects.target = rows_judged.target and target_objects.object = rows_judged.object
    group by target_objects.target, target_objects.object, target_objects.property_count
),

expected as (
    select
        target,
        object,
        source_records,
        merged,
        quarantined,
        unexpected,
        sent,
        verified,
        unchecked,
        mismatched,
        refused,
        failed,
        unexplained_loss,
        mismatching_fields,
        (source_records - merged - quarantined - unexpected - unchecked) * property_count as fields_expected,
        (verified + mismatched) * property_count - mismatching_fields as fields_equal
    from counted
)

select
    target,
    object,
    source_records,
    merged,
    quarantined,
    unexpected,
    sent,
    verified,
    unchecked,
    mismatched,
    mismatching_fields,
    refused,
    failed,
    fields_expected,
    fields_equal,
    cast(iff(fields_expected = 0, 1, fields_equal / nullif(fields_expected, 0)) as number(18, 6)) as accuracy,
    unexplained_loss,
    cast(coalesce(unexplained_loss / nullif(source_records, 0), 0) as number(18, 6)) as loss
from expected
