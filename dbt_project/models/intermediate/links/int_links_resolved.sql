with links as (
    select
        source_field,
        source_id,
        link_id,
        from_object,
        from_id,
        to_object,
        to_id,
        association_type,
        preference
    from {{ ref('int_links_found') }}
),

crosswalk as (
    select
        object,
        record_id,
        golden_id
    from {{ ref('int_records_crosswalk') }}
),

refused_records as (
    select distinct
        object,
        record_id
    from {{ ref('int_quality_findings') }}
    where scope = 'record'
),

resolved as (
    select
        links.source_field,
        links.source_id,
        links.link_id,
        links.from_object,
        from_ids.golden_id as from_key,
        links.to_object,
        to_ids.golden_id as to_key,
        links.association_type,
        links.preference,
        from_refused.record_id is not null or to_refused.record_id is not null as is_end_refused
    from links
    left join crosswalk as from_ids
        on links.from_object = from_ids.object and links.from_id = from_ids.record_id
    left join crosswalk as to_ids
        on links.to_object = to_ids.object and links.to_id = to_ids.record_id
    left join refused_records as from_refused
        on links.from_object = from_refused.object and from_ids.golden_id = from_refused.record_id
    left join refused_records as to_refused
        on links.to_object = to_refused.object and to_ids.golden_id = to_refused.record_id
),

judged as (
    select
        source_field,
        source_id,
        link_id,
        from_object,
        from_key,
        to_object,
        to_key,
        association_type,
        preference,
        case
            when from_key is null or to_key is null then 'orphaned'
            when is_end_refused then 'end_refused'
            when from_object = to_object and from_key = to_key then 'merged'
            else 'kept'
        end as disposition
    from resolved
),

-- two source links between the same two golden records are one link
ranked as (
    select
        source_field,
        source_id,
        link_id,
        from_object,
        from_key,
        to_object,
        to_key,
        association_type,
        disposition,
        min(link_id) over (
            partition by disposition, from_object, from_key, to_object, to_key, association_type
        ) as first_link_id,
        first_value(to_key) over (
            partition by disposition, from_object, from_key, to_object, association_type
            order by preference, link_id
        ) as preferred_to_key
    from judged
),

typed as (
    select
        source_field,
        source_id,
        link_id,
        from_object,
        from_key,
        to_object,
        to_key,
        -- a record has one primary company; those of merged duplicates stay as plain links
        iff(association_type = 'primary' and to_key <> preferred_to_key, 'unlabelled', association_type)
            as association_type,
        iff(disposition = 'kept' and link_id <> first_link_id, 'merged', disposition) as disposition
    from ranked
)

select
    source_field,
    source_id,
    link_id,
    from_object || ':' || from_key || '>' || to_object || ':' || to_key || ':' || association_type as link_key,
    from_object,
    from_key,
    to_object,
    to_key,
    association_type,
    disposition
from typed
