with differences as (
    {% for target, object in outbound_records() %}
    select
        target,
        object,
        record_key,
        property,
        expected_value,
        found_value
    from (
        {{ mismatching_fields(target, object) }}
    )
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
