with addresses as (
    select
        crosswalk.component_id,
        keyed.email_key,
        boolor_agg(keyed.is_email_opt_out) as is_opted_out,
        count(*) as record_count
    from {{ ref('int_people_keyed') }} as keyed
    inner join {{ ref('int_people_crosswalk') }} as crosswalk on keyed.record_id = crosswalk.record_id
    where keyed.email_key is not null
    group by crosswalk.component_id, keyed.email_key
),

-- a target takes an address once: of several people who give the same one, such as an office, it is with one of them
owners as (
    select
        component_id,
        email_key,
        row_number() over (partition by email_key order by record_count desc, component_id asc) = 1 as is_owner,
        boolor_agg(is_opted_out) over (partition by email_key) as is_opted_out
    from addresses
),

people as (
    select
        keyed.record_id,
        keyed.account_id,
        keyed.owner_id,
        keyed.salutation,
        keyed.first_name,
        keyed.last_name,
        keyed.phone,
        keyed.mobile_phone,
        keyed.job_title,
        keyed.company_name,
        keyed.lead_status,
        keyed.lead_source,
        keyed.preferred_language,
        keyed.street,
        keyed.city,
        keyed.state,
        keyed.postal_code,
        keyed.country,
        -- an address that anyone has opted out of is not written to, whoever it is with
        keyed.is_email_opt_out or coalesce(owners.is_owner and owners.is_opted_out, false) as is_email_opt_out,
        keyed.is_do_not_call,
        keyed.created_at,
        keyed.modified_at,
        keyed.phone_key,
        keyed.mobile_key,
        keyed.source_object = 'Contact' as is_contact,
        -- a refused address never survives: only valid ones have a key
        iff(owners.is_owner, keyed.email_key, null) as email,
        iff(owners.is_owner, null, keyed.email_key) as shared_email,
        crosswalk.component_id,
        crosswalk.golden_id,
        crosswalk.trust_rank,
        {{ address_rank('keyed') }} as address_rank
    from {{ ref('int_people_keyed') }} as keyed
    inner join {{ ref('int_people_crosswalk') }} as crosswalk on keyed.record_id = crosswalk.record_id
    left join owners on crosswalk.component_id = owners.component_id and keyed.email_key = owners.email_key
),

survived as (
    select
        golden_id,
        component_id,
        trust_rank,
        {{ survivors('people') }}
    from people
),

members as (
    select
        component_id,
        listagg(record_id, ';') within group (order by record_id) as record_ids,
        count(*) as record_count
    from people
    group by component_id
),

other_emails as (
    select
        people.component_id,
        listagg(distinct people.email, ';') within group (order by people.email) as other_emails
    from people
    inner join survived on people.component_id = survived.component_id and survived.trust_rank = 1
    where people.email <> survived.email
    group by people.component_id
)

select
    survived.golden_id,
    survived.account_id,
    survived.owner_id,
    survived.salutation,
    survived.first_name,
    survived.last_name,
    survived.email,
    other_emails.other_emails,
    survived.shared_email,
    survived.phone,
    survived.mobile_phone,
    survived.job_title,
    survived.company_name,
    survived.lead_status,
    survived.lead_source,
    survived.preferred_language,
    survived.street,
    survived.city,
    survived.state,
    survived.postal_code,
    survived.country,
    survived.is_email_opt_out,
    survived.is_do_not_call,
    survived.is_contact,
    survived.created_at,
    members.record_ids,
    members.record_count
from survived
inner join members on survived.component_id = members.component_id
left join other_emails on survived.component_id = other_emails.component_id
where survived.trust_rank = 1
