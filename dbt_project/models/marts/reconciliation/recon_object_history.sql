{{ config(
    materialized='incremental',
    unique_key=['run_id', 'target', 'object'],
    incremental_strategy='merge',
    on_schema_change='append_new_columns',
    full_refresh=false,
    transient=false
) }}

with read_back as (
    select
        run_id,
        target,
        object,
        mode,
        read_at
    from {{ source('ops', 'read_back') }}
),

last_read_back as (
    select
        run_id,
        mode,
        read_at
    from read_back
    qualify row_number() over (order by read_at desc) = 1
),

counted as (
    select
        target,
        object,
        source_records,
        unexpected,
        sent,
        verified,
        unchecked,
        mismatched,
        fields_expected,
        fields_equal,
        accuracy,
        unexplained_loss,
        loss
    from {{ ref('recon_object') }}
)

select
    last_read_back.run_id,
    counted.target,
    counted.object,
    -- links are read whole, but in a sample
    coalesce(read_back.mode, iff(last_read_back.mode = 'sample', 'sample', 'full')) as mode,
    last_read_back.read_at,
    counted.source_records,
    counted.unexpected,
    counted.sent,
    counted.verified,
    counted.unchecked,
    counted.mismatched,
    counted.fields_expected,
    counted.fields_equal,
    counted.accuracy,
    counted.unexplained_loss,
    counted.loss
from counted
cross join last_read_back
left join read_back
    on
        last_read_back.run_id = read_back.run_id
        and counted.target = read_back.target
        and counted.object = read_back.object
