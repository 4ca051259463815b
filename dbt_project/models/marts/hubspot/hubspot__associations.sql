with links as (
    select
        link_key,
        from_object,
        from_key,
        to_object,
        to_key,
        association_type
    from {{ ref('int_links_resolved') }}
    where disposition = 'kept'
),

mapped as (
    select
        link_key as _record_key,
        from_object,
        from_key,
        to_object,
        to_key,
        association_type
    from links
)

select
    {{ sent_columns() }}
from mapped
