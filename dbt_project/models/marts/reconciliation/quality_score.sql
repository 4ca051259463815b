with profile as (
    select
        side,
        object,
        record_id,
        filled,
        asked,
        modified_at
    from {{ ref('int_recon_profile') }}
),

records as (
    select
        object,
        record_id,
        golden_id
    from {{ ref('int_records_crosswalk') }}
),

completeness as (
    select
        object,
        'completeness' as dimension,
        sum(iff(side = 'source', filled, 0)) as good_before,
        sum(iff(side = 'source', asked, 0)) as all_before,
        sum(iff(side = 'mart', filled, 0)) as good_after,
        sum(iff(side = 'mart', asked, 0)) as all_after
    from profile
    group by object
),

problems as (
    select distinct
        object,
        record_id
    from {{ ref('quarantine') }}
),

refusals as (
    select
        object,
        record_key
    from {{ ref('int_recon_attempts') }}
    where target = 'hubspot' and status = 'refused'
),

mart_rows as (
    select
        object,
        record_id
    from profile
    where side = 'mart'
),

valid_before as (
    select
        records.object,
        count_if(problems.record_id is null) as good,
        count(*) as total
    from records
    left join problems on records.object = problems.object and records.record_id = problems.record_id
    group by records.object
),

valid_after as (
    select
        mart_rows.object,
        count_if(refusals.record_key is null) as good,
        count(*) as total
    from mart_rows
    left join refusals on mart_rows.object = refusals.object and mart_rows.record_id = refusals.record_key
    group by mart_rows.object
),

validity as (
    select
        valid_before.object,
        'validity' as dimension,
        valid_before.good as good_before,
        valid_before.total as all_before,
        valid_after.good as good_after,
        valid_after.total as all_after
    from valid_before
    left join valid_after on valid_before.object = valid_after.object
),

golden as (
    select
        object,
        count(distinct golden_id) as good,
        count(*) as total
    from records
    group by object
),

copies as (
    select
        object,
        count(*) as good,
        sum(copies) as total
    from {{ ref('int_recon_found') }}
    where target = 'hubspot'
    group by object
),

uniqueness as (
    select
        golden.object,
        'uniqueness' as dimension,
        golden.good as good_before,
        golden.total as all_before,
        copies.good as good_after,
        copies.total as all_after
    from golden
    left join copies on golden.object = copies.object
),

links_before as (
    select
        from_object as object,
        count_if(disposition <> 'orphaned') as good,
        count(*) as total
    from {{ ref('int_links_resolved') }}
    group by from_object
),

links_after as (
    select
        resolved.from_object as object,
        count_if(judged.status = 'verified') as good,
        count(*) as total
    from {{ ref('recon_association') }} as judged
    inner join {{ ref('int_links_resolved') }} as resolved on judged.link_id = resolved.link_id
    where judged.target = 'hubspot' and judged.status not in ('merged', 'quarantined', 'unchecked')
    group by resolved.from_object
),

consistency as (
    select
        links_before.object,
        'consistency' as dimension,
        links_before.good as good_before,
        links_before.total as all_before,
        links_after.good as good_after,
        links_after.total as all_after
    from links_before
    left join links_after on links_before.object = links_after.object
),

newest as (
    select max(modified_at) as modified_at
    from profile
),

ages as (
    select
        records.object,
        records.golden_id,
        records.record_id,
        profile.modified_at >= dateadd('day', -{{ var('stale_after_days') }}, newest.modified_at) as is_current
    from records
    inner join profile
        on profile.side = 'source' and records.object = profile.object and records.record_id = profile.record_id
    cross join newest
),

current_before as (
    select
        object,
        count_if(is_current) as good,
        count(*) as total
    from ages
    group by object
),

golden_ages as (
    select
        object,
        golden_id,
        boolor_agg(is_current) as is_current
    from ages
    group by object, golden_id
),

current_after as (
    select
        golden_ages.object,
        count_if(golden_ages.is_current) as good,
        count(*) as total
    from golden_ages
    inner join mart_rows on golden_ages.object = mart_rows.object and golden_ages.golden_id = mart_rows.record_id
    group by golden_ages.object
),

timeliness as (
    select
        current_before.object,
        'timeliness' as dimension,
        current_before.good as good_before,
        current_before.total as all_before,
        current_after.good as good_after,
        current_after.total as all_after
    from current_before
    left join current_after on current_before.object = current_after.object
),

scored as (
    {% for dimension in ['completeness', 'validity', 'uniqueness', 'consistency', 'timeliness'] %}
    select
        object,
        dimension,
        good_before,
        all_before,
        coalesce(good_after, 0) as good_after,
        coalesce(all_after, 0) as all_after
    from {{ dimension }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    object,
    dimension,
    good_before,
    all_before,
    cast(good_before / nullif(all_before, 0) as number(18, 6)) as score_before,
    good_after,
    all_after,
    cast(good_after / nullif(all_after, 0) as number(18, 6)) as score_after
from scored
