-- a parent and its subsidiary share the domain and much of the name, and are two companies
with known as (
    select
        parent_account_id as one_id,
        record_id as other_id,
        'separate' as band,
        'parent account' as reason
    from {{ ref('int_companies_keyed') }}
    where parent_account_id is not null
),

{{ facts('companies') }},

{{ matched('companies') }}

select
    left_id,
    right_id,
    {% for comparison in companies_comparisons() -%}
    {{ comparison.name }}_bits,
    {% endfor -%}
    counted_twice_bits,
    total_bits,
    probability,
    band,
    reason,
    {{ evidence('companies') }} as evidence
from matched
