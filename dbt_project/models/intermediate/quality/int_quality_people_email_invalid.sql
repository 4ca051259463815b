with people as (
    select
        record_id,
        source_object,
        email,
        is_email_valid
    from {{ ref('int_people_keyed') }}
)

select
    'people_email_invalid' as check_name,
    'contacts' as object,
    record_id,
    'email' as field,
    'field' as scope,
    'not a deliverable address: correct ' || source_object || '.Email in Salesforce' as problem
from people
where email is not null and not is_email_valid
