with people as (
    select
        golden_id,
        owner_id,
        salutation,
        first_name,
        last_name,
        email,
        other_emails,
        phone,
        mobile_phone,
        job_title,
        company_name,
        lead_status,
        lead_source,
        preferred_language,
        street,
        city,
        state,
        postal_code,
        country,
        is_email_opt_out,
        is_do_not_call,
        is_contact,
        created_at,
        record_ids
    from {{ ref('int_people_merged') }}
),

refused as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'contacts' and scope = 'record'
),

lead_statuses as (
    select
        salesforce_status,
        hubspot_lead_status
    from {{ ref('map_lead_status') }}
),

owners as (
    select
        owner_id,
        hubspot_owner_id
    from {{ ref('int_owners_mapped') }}
),

campaigns as (
    select
        golden_id,
        campaigns,
        campaigns_responded
    from {{ ref('int_people_campaigns') }}
),

mapped as (
    select
        people.golden_id as _record_key,
        people.email as email,
        people.salutation as salutation,
        people.first_name as firstname,
        people.last_name as lastname,
        people.phone as phone,
        people.mobile_phone as mobilephone,
        people.job_title as jobtitle,
        people.company_name as company,
        people.street as address,
        people.city as city,
        people.state as state,
        people.postal_code as zip,
        people.country as country,
        lead_statuses.hubspot_lead_status as hs_lead_status,
        owners.hubspot_owner_id as hubspot_owner_id,
        iff(people.is_contact, 'contact', 'lead') as salesforce_kind,
        people.lead_status as salesforce_lead_status,
        people.lead_source as salesforce_lead_source,
        people.preferred_language as preferred_language,
        people.is_email_opt_out as salesforce_email_opt_out,
        people.is_do_not_call as salesforce_do_not_call,
        people.other_emails as salesforce_other_emails,
        campaigns.campaigns as salesforce_campaigns,
        campaigns.campaigns_responded as salesforce_campaigns_responded,
        people.created_at as salesforce_created_at,
        people.record_ids as salesforce_record_ids
    from people
    left join refused on people.golden_id = refused.record_id
    left join lead_statuses on people.lead_status = lead_statuses.salesforce_status
    left join owners on people.owner_id = owners.owner_id
    left join campaigns on people.golden_id = campaigns.golden_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
