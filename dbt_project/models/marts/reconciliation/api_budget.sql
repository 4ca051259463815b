{{ config(materialized='view') }}

with runs as (
    select run_id
    from {{ source('ops', 'run') }}
    where started_at >= dateadd('day', -1, sysdate())
),

rates as (
    select
        run_id,
        system,
        calls
    from {{ ref('rate') }}
),

called as (
    select
        rates.system,
        sum(coalesce(rates.calls, 0)) as calls_last_day
    from rates
    inner join runs on rates.run_id = runs.run_id
    group by rates.system
),

limits as (
    {% for system in ['salesforce', 'hubspot'] %}
    select
        '{{ system }}' as system,
        {{ var(system ~ '_calls_per_day') }} as calls_per_day
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    limits.system,
    cast(limits.calls_per_day as number(38, 0)) as calls_per_day,
    cast(coalesce(called.calls_last_day, 0) as number(38, 0)) as calls_last_day,
    cast(limits.calls_per_day - coalesce(called.calls_last_day, 0) as number(38, 0)) as calls_left
from limits
left join called on limits.system = called.system
