with held as (
    {% for target in ['hubspot', 'intercom'] %}
    select
        '{{ target }}' as target,
        object,
        {{ target }}_id as target_id,
        record_key
    from {{ ref('stg_' ~ target ~ '__records') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

numbered as (
    select
        target,
        object,
        target_id,
        record_key,
        row_number() over (partition by target, object, record_key order by target_id) as copy_number
    from held
),

marts as (
    select
        target,
        object,
        record_key
    from {{ ref('int_recon_marts') }}
),

ledger as (
    select
        target,
        object,
        record_key
    from {{ source('ops', 'load_ledger') }}
),

judged_records as (
    select
        recon_record.target,
        recon_record.object,
        recon_record.record_id,
        recon_record.reason
    from {{ ref('recon_record') }} as recon_record
),

extra_records as (
    select
        numbered.target,
        numbered.object,
        numbered.target_id,
        numbered.record_key,
        case
            when marts.record_key is not null then 'copy'
            when ledger.record_key is not null or judged_records.record_id is not null then 'kept'
            else 'stranger'
        end as kind,
        case
            when marts.record_key is not null then 'another record of the target carries the same key'
            when judged_records.record_id is not null then judged_records.reason
            when ledger.record_key is not null then 'its source record was deleted, or is no longer read'
            else 'not made by this migration'
        end as reason
    from numbered
    left join marts
        on
            numbered.target = marts.target
            and numbered.object = marts.object
            and numbered.record_key = marts.record_key
    left join ledger
        on
            numbered.target = ledger.target
            and numbered.object = ledger.object
            and numbered.record_key = ledger.record_key
    left join judged_records
        on
            numbered.target = judged_records.target
            and numbered.object = judged_records.object
            and numbered.record_key = judged_records.record_id
    where marts.record_key is null or numbered.copy_number > 1
),

links_held as (
    select distinct
        target,
        object,
        link_key
    from {{ ref('int_recon_links_found') }}
    where link_key is not null
),

links_asked as (
    select
        target,
        link_key
    from {{ ref('recon_association') }}
    where status not in ('merged', 'quarantined')
),

-- HubSpot makes the plain link beside each one that has a type
links_expected as (
    select
        target,
        link_key
    from links_asked
    union all
    select
        target,
        regexp_replace(link_key, ':[a-z_]+$', ':unlabelled') as link_key
    from links_asked
),

extra_links as (
    select
        links_held.target,
        links_held.object,
        links_held.link_key as target_id,
        links_held.link_key as record_key,
        iff(ledger.record_key is not null, 'kept', 'stranger') as kind,
        iff(
            ledger.record_key is not null,
            'the source no longer has this link',
            'not made by this migration, between two records that are'
        ) as reason
    from links_held
    left join links_expected
        on links_held.target = links_expected.target and links_held.link_key = links_expected.link_key
    left join ledger
        on
            links_held.target = ledger.target
            and links_held.object = ledger.object
            and links_held.link_key = ledger.record_key
    where links_expected.link_key is null
)

select
    target,
    object,
    target_id,
    record_key,
    kind,
    reason
from extra_records
union all
select
    target,
    object,
    target_id,
    record_key,
    kind,
    reason
from extra_links
