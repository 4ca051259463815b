{{ config(
    materialized='incremental',
    unique_key=['run_id', 'target', 'object'],
    incremental_strategy='merge',
    on_schema_change='append_new_columns',
    full_refresh=false,
    transient=false
) }}

with last_read_back as (
    select
        run_id,
        mode,
        read_at
    from {{ source('ops', 'read_back') }}
    qualify row_number() over (order by read_at desc) = 1
),

counted as (
    select
        target,
        object,
        source_records,
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
    last_read_back.mode,
    last_read_back.read_at,
    counted.source_records,
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
