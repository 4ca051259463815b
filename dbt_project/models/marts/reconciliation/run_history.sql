{{ config(materialized='view') }}

with runs as (
    select
        run_id,
        status,
        started_at,
        finished_at,
        started_by,
        git_commit,
        versions
    from {{ source('ops', 'run') }}
),

phases as (
    select
        run_id,
        count_if(status = 'succeeded') as phases_done,
        max_by(phase, finished_at) as last_phase,
        sum(datediff('millisecond', started_at, finished_at)) / 1000 as seconds
    from {{ source('ops', 'run_phase') }}
    group by run_id
),

speeds as (
    select
        run_id,
        sum(iff(phase = 'extract', records, 0)) as records_read,
        sum(iff(phase = 'load', records - errors, 0)) as records_written,
        sum(iff(phase = 'load', errors, 0)) as errors,
        sum(calls) as calls
    from {{ ref('rate') }}
    group by run_id
),

checks as (
    select
        run_id,
        -- what says least of the whole comes first: changes, full
        min(mode) as mode,
        sum(fields_equal) / nullif(sum(fields_expected), 0) as accuracy,
        sum(unexplained_loss) as unexplained_loss
    from {{ ref('recon_object_history') }}
    group by run_id
)

select
    runs.run_id,
    runs.status,
    runs.started_at,
    runs.finished_at,
    cast(phases.seconds as number(18, 3)) as seconds,
    cast(coalesce(phases.phases_done, 0) as number(38, 0)) as phases_done,
    phases.last_phase,
    cast(coalesce(speeds.records_read, 0) as number(38, 0)) as records_read,
    cast(coalesce(speeds.records_written, 0) as number(38, 0)) as records_written,
    cast(coalesce(speeds.errors, 0) as number(38, 0)) as errors,
    cast(coalesce(speeds.calls, 0) as number(38, 0)) as calls,
    checks.mode,
    cast(checks.accuracy as number(18, 6)) as accuracy,
    cast(checks.unexplained_loss as number(38, 0)) as unexplained_loss,
    runs.started_by,
    runs.git_commit,
    runs.versions
from runs
left join phases on runs.run_id = phases.run_id
left join speeds on runs.run_id = speeds.run_id
left join checks on runs.run_id = checks.run_id
