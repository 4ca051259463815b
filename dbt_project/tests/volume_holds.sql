-- An object that has lost more of its live rows than volume_fall_limit since the last run whose build was let through.
with counts as (
    select
        object,
        run_id,
        live_count,
        counted_at
    from {{ source('ops', 'extract_count') }}
    where live_count is not null
),

latest as (
    select
        object,
        run_id,
        live_count,
        counted_at
    from counts
    qualify row_number() over (partition by object order by counted_at desc) = 1
),

built as (
    select distinct run_id
    from {{ source('ops', 'run_phase') }}
    where phase = 'build' and status = 'succeeded'
),

previous as (
    select
        counts.object,
        counts.run_id,
        counts.live_count
    from counts
    inner join built on counts.run_id = built.run_id
    inner join latest
        on counts.object = latest.object and counts.run_id <> latest.run_id and counts.counted_at < latest.counted_at
    qualify row_number() over (partition by counts.object order by counts.counted_at desc) = 1
)

select
    latest.object,
    previous.run_id as previous_run_id,
    previous.live_count as previous_rows,
    latest.run_id,
    latest.live_count as live_rows
from latest
inner join previous on latest.object = previous.object
where latest.live_count < previous.live_count * (1 - {{ var('volume_fall_limit') }})
