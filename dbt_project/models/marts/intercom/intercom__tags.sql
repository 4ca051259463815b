with tags as (
    select
        tag_key,
        tag_name
    from {{ ref('int_tags_named') }}
),

mapped as (
    select
        tag_key as _record_key,
        tag_name as name
    from tags
)

select
    {{ sent_columns() }}
from mapped
