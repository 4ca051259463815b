with attempts as (
    select
        target,
        object,
        record_key,
        status,
        error_category,
        error_message,
        attempted_at
    from {{ source('ops', 'load_attempt') }}
    where action in ('create', 'update')
    qualify row_number() over (partition by target, object, record_key order by attempted_at desc) = 1
)

select
    target,
    object,
    record_key,
    status,
    error_category,
    error_message,
    attempted_at
from attempts
