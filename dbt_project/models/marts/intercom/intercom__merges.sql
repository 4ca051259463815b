with turned as (
    select
        lead_key,
        user_key
    from {{ ref('int_people_turned') }}
),

mapped as (
    select
        lead_key || '>' || user_key as _record_key,
        lead_key,
        user_key
    from turned
)

select
    {{ sent_columns() }}
from mapped
