{{ config(materialized='view') }}

with phases as (
    select
        run_id,
        phase,
        started_at,
        finished_at,
        parse_json(detail) as detail
    from {{ source('ops', 'run_phase') }}
    where status <> 'stopped'
),

extracted as (
    select
        phases.run_id,
        phases.phase,
        'salesforce' as system,
        each.value:object::varchar as object,
        each.value:landed_count::number as records,
        each.value:seconds::double as seconds,
        null as calls,
        iff(each.value:status::varchar = 'failed', 1, 0) as errors
    from phases, lateral flatten(input => phases.detail:objects) as each
    where phases.phase = 'extract'
),

attempts as (
    select
        run_id,
        target,
        object,
        count(*) as records,
        count_if(status <> 'succeeded') as errors,
        datediff('millisecond', min(attempted_at), max(attempted_at)) / 1000 as seconds
    from {{ source('ops', 'load_attempt') }}
    group by run_id, target, object
),

calls as (
    select
        phases.run_id,
        each.value:target::varchar as target,
        each.value:object::varchar as object,
        sum(each.value:calls::number) as calls
    from phases, lateral flatten(input => phases.detail:feeds) as each
    where phases.phase = 'load'
    group by phases.run_id, each.value:target::varchar, each.value:object::varchar
),

loaded as (
    select
        attempts.run_id,
        'load' as phase,
        attempts.target as system,
        attempts.object,
        attempts.records,
        attempts.seconds,
        calls.calls,
        attempts.errors
    from attempts
    left join calls
        on
            attempts.run_id = calls.run_id
            and attempts.target = calls.target
            and attempts.object = calls.object
),

united as (
    select
        run_id,
        phase,
        system,
        object,
        records,
        seconds,
        calls,
        errors
    from extracted
    union all
    select
        run_id,
        phase,
        system,
        object,
        records,
        seconds,
        calls,
        errors
    from loaded
)

select
    run_id,
    phase,
    system,
    object,
    records::number(38, 0) as records,
    seconds::number(18, 3) as seconds,
    (records / nullif(seconds, 0))::number(18, 2) as records_per_second,
    calls::number(38, 0) as calls,
    errors::number(38, 0) as errors,
    (coalesce(errors / nullif(records, 0), 0))::number(18, 6) as error_rate
from united
