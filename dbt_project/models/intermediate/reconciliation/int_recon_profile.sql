{#- The same five properties of an object on both sides: those without which a person cannot work with a record. -#}
with profiled as (
    select
        'source' as side,
        'contacts' as object,
        contact_id as record_id,
        iff(email is null, 0, 1)
        + iff(first_name is null, 0, 1)
        + iff(last_name is null, 0, 1)
        + iff(coalesce(phone, mobile_phone) is null, 0, 1)
        + iff(job_title is null, 0, 1) as filled,
        modified_at
    from {{ ref('stg_salesforce__contacts') }}
    where not is_deleted
    union all
    select
        'source' as side,
        'contacts' as object,
        lead_id as record_id,
        iff(email is null, 0, 1)
        + iff(first_name is null, 0, 1)
        + iff(last_name is null, 0, 1)
        + iff(coalesce(phone, mobile_phone) is null, 0, 1)
        + iff(job_title is null, 0, 1) as filled,
        modified_at
    from {{ ref('stg_salesforce__leads') }}
    where not is_deleted
    union all
    select
        'source' as side,
        'companies' as object,
        account_id as record_id,
        iff(account_name is null, 0, 1)
        + iff(website is null, 0, 1)
        + iff(phone is null, 0, 1)
        + iff(industry is null, 0, 1)
        + iff(country is null, 0, 1) as filled,
        modified_at
    from {{ ref('stg_salesforce__accounts') }}
    where not is_deleted
    union all
    select
        'source' as side,
        'deals' as object,
        opportunity_id as record_id,
        iff(opportunity_name is null, 0, 1)
        + iff(amount is null, 0, 1)
        + iff(stage_name is null, 0, 1)
        + iff(close_date is null, 0, 1)
        + iff(owner_id is null, 0, 1) as filled,
        modified_at
    from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
    union all
    select
        'source' as side,
        'tickets' as object,
        case_id as record_id,
        iff(subject is null, 0, 1)
        + iff(description is null, 0, 1)
        + iff(case_status is null, 0, 1)
        + iff(priority is null, 0, 1)
        + iff(owner_id is null, 0, 1) as filled,
        modified_at
    from {{ ref('stg_salesforce__cases') }}
    where not is_deleted
    union all
    select
        'mart' as side,
        'contacts' as object,
        _record_key as record_id,
        iff(email is null, 0, 1)
        + iff(firstname is null, 0, 1)
        + iff(lastname is null, 0, 1)
        + iff(coalesce(phone, mobilephone) is null, 0, 1)
        + iff(jobtitle is null, 0, 1) as filled,
        null as modified_at
    from {{ ref('hubspot__contacts') }}
    union all
    select
        'mart' as side,
        'companies' as object,
        _record_key as record_id,
        iff(name is null, 0, 1)
        + iff(website is null, 0, 1)
        + iff(phone is null, 0, 1)
        + iff(industry is null, 0, 1)
        + iff(country is null, 0, 1) as filled,
        null as modified_at
    from {{ ref('hubspot__companies') }}
    union all
    select
        'mart' as side,
        'deals' as object,
        _record_key as record_id,
        iff(dealname is null, 0, 1)
        + iff(amount is null, 0, 1)
        + iff(dealstage is null, 0, 1)
        + iff(closedate is null, 0, 1)
        + iff(hubspot_owner_id is null, 0, 1) as filled,
        null as modified_at
    from {{ ref('hubspot__deals') }}
    union all
    select
        'mart' as side,
        'tickets' as object,
        _record_key as record_id,
        iff(subject is null, 0, 1)
        + iff(content is null, 0, 1)
        + iff(hs_pipeline_stage is null, 0, 1)
        + iff(hs_ticket_priority is null, 0, 1)
        + iff(hubspot_owner_id is null, 0, 1) as filled,
        null as modified_at
    from {{ ref('hubspot__tickets') }}
)

select
    side,
    object,
    record_id,
    filled,
    5 as asked,
    modified_at
from profiled
