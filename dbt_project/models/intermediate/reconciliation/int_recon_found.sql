with found as (
    {% for target, object in outbound_records() %}
    select
        '{{ target }}' as target,
        '{{ object }}' as object,
        record_key
    from {{ ref('stg_' ~ target ~ '__' ~ object) }}
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
