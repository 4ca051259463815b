with people as (
    select
        golden_id,
        first_name,
        last_name,
        email
    from {{ ref('int_people_merged') }}
)

select
    'people_unidentified' as check_name,
    'contacts' as object,
    golden_id as record_id,
    'last_name' as field,
    'record' as scope,
    'neither a valid e-mail nor a name: fill Email or LastName in Salesforce' as problem
from people
where email is null and first_name is null and last_name is null
