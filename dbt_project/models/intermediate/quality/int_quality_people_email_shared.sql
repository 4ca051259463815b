with people as (
    select
        golden_id,
        email,
        shared_email
    from {{ ref('int_people_merged') }}
)

select
    'people_email_shared' as check_name,
    'contacts' as object,
    golden_id as record_id,
    'email' as field,
    'field' as scope,
    'the address is with another person, and a target takes it once: '
    || iff(email is null, 'this one is sent without', 'this one is sent with another of its addresses') as problem
from people
where shared_email is not null
