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
        keyed.source_object,
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
        iff(owners.is_owner, keyed.email_key, null) as email_key,
        iff(owners.is_owner, null, keyed.email_key) as shared_email,
        crosswalk.component_id,
        crosswalk.golden_id,
        crosswalk.trust_rank,
        coalesce(keyed.street, keyed.city, keyed.postal_code) is not null as has_address
    from {{ ref('int_people_keyed') }} as keyed
    inner join {{ ref('int_people_crosswalk') }} as crosswalk on keyed.record_id = crosswalk.record_id
    left join owners on crosswalk.component_id = owners.component_id and keyed.email_key = owners.email_key
),

survived as (
    select
        golden_id,
        component_id,
        trust_rank,
        {{ survivor('account_id') }} as account_id,
        {{ survivor('owner_id') }} as owner_id,
        {{ survivor('salutation') }} as salutation,
        {{ survivor('first_name') }} as first_name,
        {{ survivor('last_name') }} as last_name,
        -- a refused address never survives: only valid ones have a key
        {{ survivor('email_key') }} as email,
        {{ survivor('shared_email') }} as shared_email,
        {{ survivor('phone') }} as phone,
        {{ survivor('mobile_phone') }} as mobile_phone,
        {{ survivor('job_title') }} as job_title,
        {{ survivor('company_name') }} as company_name,
        {{ survivor('lead_status') }} as lead_status,
        {{ survivor('lead_source') }} as lead_source,
        {{ survivor('preferred_language') }} as preferred_language,
        -- an address survives whole: the street of one record and the city of another are no place
        {{ survivor('street', given='has_address') }} as street,
        {{ survivor('city', given='has_address') }} as city,
        {{ survivor('state', given='has_address') }} as state,
        {{ survivor('postal_code', given='has_address') }} as postal_code,
        {{ survivor('country', given='has_address') }} as country,
        -- whoever said no once has said no
        boolor_agg(is_email_opt_out) over (partition by component_id) as is_email_opt_out,
        boolor_agg(is_do_not_call) over (partition by component_id) as is_do_not_call,
        boolor_agg(source_object = 'Contact') over (partition by component_id) as is_contact,
        min(created_at) over (partition by component_id) as created_at
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
        listagg(distinct people.email_key, ';') within group (order by people.email_key) as other_emails
    from people
    inner join survived on people.component_id = survived.component_id and survived.trust_rank = 1
    where people.email_key <> survived.email
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
