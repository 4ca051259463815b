with profile as (
    select
        object,
        record_id,
        filled,
        asked,
        modified_at
    from {{ ref('int_recon_profile') }}
    where side = 'source'
),

records as (
    select
        object,
        record_id,
        golden_id
    from {{ ref('int_records_crosswalk') }}
),

problems as (
    select distinct
        object,
        record_id
    from {{ ref('quarantine') }}
),

newest as (
    select max(modified_at) as modified_at
    from profile
),

counted as (
    select
        object,
        'completeness' as dimension,
        sum(filled) as good,
        sum(asked) as total
    from profile
    group by object
    union all
    select
        records.object,
        'validity' as dimension,
        count_if(problems.record_id is null) as good,
        count(*) as total
    from records
    left join problems on records.object = problems.object and records.record_id = problems.record_id
    group by records.object
    union all
    select
        object,
        'uniqueness' as dimension,
        count(distinct golden_id) as good,
        count(*) as total
    from records
    group by object
    union all
    select
        from_object as object,
        'consistency' as dimension,
        count_if(disposition <> 'orphaned') as good,
        count(*) as total
    from {{ ref('int_links_resolved') }}
    group by from_object
    union all
    select
        profile.object,
        'timeliness' as dimension,
        count_if(profile.modified_at >= dateadd('day', -{{ var('stale_after_days') }}, newest.modified_at)) as good,
        count(*) as total
    from profile
    cross join newest
    group by profile.object
)

select
    object,
    dimension,
    cast(good as number(38, 0)) as good,
    cast(total as number(38, 0)) as total
from counted
