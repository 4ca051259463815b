with found as (
    {% for target in ['hubspot', 'intercom'] %}
    select
        '{{ target }}' as target,
        object,
        record_key
    from {{ ref('stg_' ~ target ~ '__records') }}
    where record_key is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    target,
    object,
    record_key,
    count(*) as copies
from found
group by target, object, record_key
