with differences as (
    {% for target, object in outbound_records() %}
    select
        target,
        object,
        record_key,
        property,
        expected_value,
        found_value
    from {{ ref('int_recon_' ~ target ~ '_' ~ object) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    target,
    object,
    record_key,
    property,
    expected_value,
    found_value
from differences
