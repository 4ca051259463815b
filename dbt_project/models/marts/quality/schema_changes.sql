with described as (
    select
        run_id,
        described_at,
        source_object,
        source_field,
        concat_ws(
            ', ',
            field_type,
            iff(text_length > 0, text_length || ' characters', 'no text'),
            iff(number_precision > 0, number_precision || ' digits', 'no number'),
            iff(number_scale > 0, number_scale || ' decimals', 'whole'),
            iff(is_calculated, 'calculated', 'entered'),
            treatment,
            coalesce(field_label, '')
        ) as definition
    from {{ ref('stg_salesforce__fields') }}
),

objects_described as (
    select distinct
        source_object,
        run_id,
        described_at
    from described
),

in_order as (
    select
        source_object,
        run_id,
        described_at,
        lag(run_id) over (partition by source_object order by described_at, run_id) as previous_run_id
    from objects_described
),

came_or_changed as (
    select
        in_order.source_object,
        described.source_field,
        in_order.run_id,
        in_order.previous_run_id,
        in_order.described_at,
        iff(previous.source_field is null, 'added', 'changed') as change,
        previous.definition as definition_before,
        described.definition as definition_after
    from in_order
    inner join described
        on in_order.source_object = described.source_object and in_order.run_id = described.run_id
    left join described as previous
        on
            in_order.source_object = previous.source_object
            and in_order.previous_run_id = previous.run_id
            and described.source_field = previous.source_field
    where in_order.previous_run_id is not null and described.definition is distinct from previous.definition
),

went as (
    select
        in_order.source_object,
        previous.source_field,
        in_order.run_id,
        in_order.previous_run_id,
        in_order.described_at,
        'removed' as change,
        previous.definition as definition_before,
        null as definition_after
    from in_order
    inner join described as previous
        on in_order.source_object = previous.source_object and in_order.previous_run_id = previous.run_id
    left join described
        on
            in_order.source_object = described.source_object
            and in_order.run_id = described.run_id
            and previous.source_field = described.source_field
    where described.source_field is null
),

changes as (
    select
        source_object,
        source_field,
        run_id,
        previous_run_id,
        described_at,
        change,
        definition_before,
        definition_after
    from came_or_changed
    union all
    select
        source_object,
        source_field,
        run_id,
        previous_run_id,
        described_at,
        change,
        definition_before,
        definition_after
    from went
)

select
    source_object,
    source_field,
    change,
    definition_before,
    definition_after,
    run_id,
    previous_run_id,
    described_at
from changes
