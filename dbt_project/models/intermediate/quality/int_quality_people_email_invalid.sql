with people as (
    select
        record_id,
        source_object,
        is_email_valid
    from {{ ref('int_people_keyed') }}
    where email is not null and email_key is null
)

select
    'people_email_invalid' as check_name,
    'contacts' as object,
    record_id,
    'email' as field,
    'field' as scope,
    iff(is_email_valid, 'a placeholder, see the seed placeholder_emails', 'not a deliverable address')
    || ': correct ' || source_object || '.Email in Salesforce' as problem
from people
