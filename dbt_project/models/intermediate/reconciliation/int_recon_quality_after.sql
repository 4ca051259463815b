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

sent as (
    select
        object,
        record_id,
        filled,
        asked
    from profile
    where side = 'mart'
),

refusals as (
    select
        object,
        record_key
    from {{ ref('int_recon_attempts') }}
    where target = 'hubspot' and status = 'refused'
),

newest as (
    select max(modified_at) as modified_at
    from profile
),

-- what was merged is as young as its youngest record
golden_ages as (
    select
        crosswalk.object,
        crosswalk.golden_id,
        max(profile.modified_at) as modified_at
    from {{ ref('int_records_crosswalk') }} as crosswalk
    inner join profile
        on profile.side = 'source' and crosswalk.object = profile.object and crosswalk.record_id = profile.record_id
    group by crosswalk.object, crosswalk.golden_id
),

counted as (
    select
        object,
        'completeness' as dimension,
        sum(filled) as good,
        sum(asked) as total
    from sent
    group by object
    union all
    select
        sent.object,
        'validity' as dimension,
        count_if(refusals.record_key is null) as good,
        count(*) as total
    from sent
    left join refusals on sent.object = refusals.object and sent.record_id = refusals.record_key
    group by sent.object
    union all
    select
        object,
        'uniqueness' as dimension,
        count(*) as good,
        sum(copies) as total
    from {{ ref('int_recon_found') }}
    where target = 'hubspot'
    group by object
    union all
    select
        resolved.from_object as object,
        'consistency' as dimension,
        count_if(judged.status = 'verified') as good,
        count(*) as total
    from {{ ref('recon_association') }} as judged
    inner join {{ ref('int_links_resolved') }} as resolved on judged.link_id = resolved.link_id
    where judged.target = 'hubspot' and judged.status not in ('merged', 'quarantined', 'unchecked')
    group by resolved.from_object
    union all
    select
        golden_ages.object,
        'timeliness' as dimension,
        count_if(golden_ages.modified_at >= dateadd('day', -{{ var('stale_after_days') }}, newest.modified_at)) as good,
        count(*) as total
    from golden_ages
    inner join sent on golden_ages.object = sent.object and golden_ages.golden_id = sent.record_id
    cross join newest
    group by golden_ages.object
)

select
    object,
    dimension,
    cast(good as number(38, 0)) as good,
    cast(total as number(38, 0)) as total
from counted
