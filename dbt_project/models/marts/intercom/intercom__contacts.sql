with people as (
    select
        golden_id,
        owner_id,
        first_name,
        last_name,
        email,
        phone,
        mobile_phone,
        job_title,
        lead_source,
        preferred_language,
        country,
        is_email_opt_out,
        is_contact,
        created_at
    from {{ ref('int_people_merged') }}
),

refused as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'contacts' and scope = 'record'
),

owners as (
    select
        owner_id,
        intercom_admin_id
    from {{ ref('int_owners_mapped') }}
),

roles as (
    select
        golden_id,
        person_role
    from {{ ref('int_people_roles') }}
),

mapped as (
    select
        people.golden_id as _record_key,
        roles.person_role as role,
        people.email as email,
        nullif(trim(coalesce(people.first_name, '') || ' ' || coalesce(people.last_name, '')), '') as name,
        coalesce(people.phone, people.mobile_phone) as phone,
        owners.intercom_admin_id as owner_id,
        people.created_at as signed_up_at,
        people.is_email_opt_out as unsubscribed_from_emails,
        people.job_title as job_title,
        people.country as contact_country,
        people.preferred_language as preferred_language,
        people.lead_source as lead_source,
        iff(people.is_contact, 'contact', 'lead') as salesforce_kind
    from people
    left join refused on people.golden_id = refused.record_id
    left join owners on people.owner_id = owners.owner_id
    left join roles on people.golden_id = roles.golden_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
