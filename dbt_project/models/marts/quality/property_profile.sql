{{ config(
    materialized='incremental',
    unique_key=['run_id', 'target', 'object', 'property'],
    incremental_strategy='merge',
    on_schema_change='append_new_columns',
    full_refresh=false,
    transient=false
) }}

with extracts as (
    select
        run_id,
        max(counted_at) as extracted_at
    from {{ ref('stg_ops__extract_counts') }}
    group by run_id
),

latest_extract as (
    select
        run_id,
        extracted_at
    from extracts
    qualify row_number() over (order by extracted_at desc, run_id desc) = 1
),

counted as (
    {% for target, object in outbound_records() %}
    {%- set properties = contract_properties(target ~ '__' ~ object) %}
    select
        '{{ target }}' as target,
        '{{ object }}' as object,
        count(*) as record_count,
        object_construct(
            {%- for property in properties %}
            '{{ property.name }}', count({{ property.name }}){{ ',' if not loop.last }}
            {%- endfor %}
        ) as filled,
        object_construct(
            {%- for property in properties %}
            '{{ property.name }}', count(distinct {{ property.name }}){{ ',' if not loop.last }}
            {%- endfor %}
        ) as different
    from {{ ref(target ~ '__' ~ object) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

each_property as (
    select
        counted.target,
        counted.object,
        counted.record_count,
        one.key::varchar as property,
        one.value::number as filled_count,
        counted.different[one.key]::number as distinct_count
    from counted, lateral flatten(input => counted.filled) as one
)

select
    latest_extract.run_id,
    latest_extract.extracted_at,
    each_property.target,
    each_property.object,
    each_property.property,
    each_property.record_count,
    each_property.filled_count,
    each_property.distinct_count
from each_property
cross join latest_extract
