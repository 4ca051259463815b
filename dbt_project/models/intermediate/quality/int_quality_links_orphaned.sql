with links as (
    select
        link_id,
        source_field,
        from_object,
        from_id,
        to_object,
        to_id
    from {{ ref('int_links_found') }}
),

crosswalk as (
    select
        object,
        record_id
    from {{ ref('int_records_crosswalk') }}
)

select
    'links_orphaned' as check_name,
    'links' as object,
    links.link_id as record_id,
    links.source_field as field,
    'record' as scope,
    'an end is deleted or was never extracted: correct ' || links.source_field || ' in Salesforce' as problem
from links
left join crosswalk as from_records
    on links.from_object = from_records.object and links.from_id = from_records.record_id
left join crosswalk as to_records
    on links.to_object = to_records.object and links.to_id = to_records.record_id
where from_records.record_id is null or to_records.record_id is null
