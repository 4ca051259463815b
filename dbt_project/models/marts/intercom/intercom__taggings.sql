with tags as (
    select
        tagged_object,
        tagged_key,
        tag_key,
        link_key
    from {{ ref('int_tags_given') }}
    where disposition = 'kept'
),

mapped as (
    select
        link_key as _record_key,
        tagged_object,
        tagged_key,
        tag_key
    from tags
)

select
    {{ sent_columns() }}
from mapped
