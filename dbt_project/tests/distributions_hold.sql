-- Properties that are filled, or whose values differ, by much less than in the last run whose build was let through.
with profiled as (
    select
        run_id,
        extracted_at,
        target,
        object,
        property,
        record_count,
        filled_count,
        distinct_count
    from {{ ref('property_profile') }}
    where record_count >= {{ var('distribution_records') }}
),

latest as (
    select
        run_id,
        extracted_at,
        target,
        object,
        property,
        record_count,
        filled_count,
        distinct_count
    from profiled
    qualify dense_rank() over (order by extracted_at desc, run_id desc) = 1
),

built as (
    select distinct run_id
    from {{ source('ops', 'run_phase') }}
    where phase = 'build' and status = 'succeeded'
),

previous as (
    select
        profiled.run_id,
        profiled.target,
        profiled.object,
        profiled.property,
        profiled.record_count,
        profiled.filled_count,
        profiled.distinct_count
    from profiled
    inner join built on profiled.run_id = built.run_id
    inner join latest
        on
            profiled.target = latest.target
            and profiled.object = latest.object
            and profiled.property = latest.property
            and profiled.run_id <> latest.run_id
            and profiled.extracted_at < latest.extracted_at
    qualify
        row_number() over (
            partition by profiled.target, profiled.object, profiled.property order by profiled.extracted_at desc
        ) = 1
)

select
    latest.target,
    latest.object,
    latest.property,
    previous.run_id as previous_run_id,
    previous.filled_count / previous.record_count as previous_filled,
    latest.filled_count / latest.record_count as filled,
    previous.distinct_count as previous_distinct,
    latest.distinct_count
from latest
inner join previous
    on
        latest.target = previous.target
        and latest.object = previous.object
        and latest.property = previous.property
where
    abs(latest.filled_count / latest.record_count - previous.filled_count / previous.record_count)
    > {{ var('fill_change_limit') }}
    or latest.distinct_count < previous.distinct_count * (1 - {{ var('distinct_fall_limit') }})
