with sent as (
    {% for target, object in outbound_records() %}
    select
        '{{ target }}' as target,
        '{{ object }}' as object,
        _record_key as record_key,
        _row_hash as row_hash,
        '{{ policy_of(target, object) }}' as policy
    from {{ ref(target ~ '__' ~ object) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    target,
    object,
    record_key,
    row_hash,
    policy
from sent
