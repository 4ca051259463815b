with known as (
    select
        converted_contact_id as one_id,
        record_id as other_id,
        'merge' as band,
        'lead conversion' as reason
    from {{ ref('int_people_keyed') }}
    where converted_contact_id is not null
),

{{ facts('people') }},

{{ matched('people') }}

select
    left_id,
    right_id,
    {% for comparison in people_comparisons() -%}
    {{ comparison.name }}_bits,
    {% endfor -%}
    counted_twice_bits,
    total_bits,
    probability,
    band,
    reason,
    {{ evidence('people') }} as evidence
from matched
