with contacts as (
    select
        contact_id as record_id,
        'Contact' as source_object,
        account_id,
        cast(null as varchar) as converted_contact_id,
        owner_id,
        salutation,
        first_name,
        last_name,
        email,
        phone,
        mobile_phone,
        job_title,
        cast(null as varchar) as company_name,
        cast(null as varchar) as lead_status,
        lead_source,
        preferred_language,
        street,
        city,
        state,
        postal_code,
        country,
        is_email_opt_out,
        is_do_not_call,
        created_at,
        modified_at
    from {{ ref('stg_salesforce__contacts') }}
    where not is_deleted
),

leads as (
    select
        lead_id as record_id,
        'Lead' as source_object,
        converted_account_id as account_id,
        converted_contact_id,
        owner_id,
        salutation,
        first_name,
        last_name,
        email,
        phone,
        mobile_phone,
        job_title,
        company_name,
        lead_status,
        lead_source,
        cast(null as varchar) as preferred_language,
        street,
        city,
        state,
        postal_code,
        country,
        is_email_opt_out,
        is_do_not_call,
        created_at,
        modified_at
    from {{ ref('stg_salesforce__leads') }}
    where not is_deleted
),

people as (
    {% for person in ['contacts', 'leads'] %}
    select
        record_id,
        source_object,
        account_id,
        converted_contact_id,
        owner_id,
        salutation,
        first_name,
        last_name,
        email,
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
        created_at,
        modified_at
    from {{ person }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

top_level_domains as (
    select top_level_domain
    from {{ ref('top_level_domains') }}
),

placeholder_emails as (
    select email_key
    from {{ ref('placeholder_emails') }}
),

checked as (
    select
        people.record_id,
        people.source_object,
        people.account_id,
        people.converted_contact_id,
        people.owner_id,
        people.salutation,
        people.first_name,
        people.last_name,
        people.email,
        people.phone,
        people.mobile_phone,
        people.job_title,
        people.company_name,
        people.lead_status,
        people.lead_source,
        people.preferred_language,
        people.street,
        people.city,
        people.state,
        people.postal_code,
        people.country,
        people.is_email_opt_out,
        people.is_do_not_call,
        people.created_at,
        people.modified_at,
        {{ email_key('people.email') }} as email_key,
        {{ is_email('people.email') }} and top_level_domains.top_level_domain is not null as is_email_valid
    from people
    left join top_level_domains
        on split_part({{ email_key('people.email') }}, '.', -1) = top_level_domains.top_level_domain
)

select
    checked.record_id,
    checked.source_object,
    checked.account_id,
    checked.converted_contact_id,
    checked.owner_id,
    checked.salutation,
    checked.first_name,
    checked.last_name,
    checked.email,
    checked.phone,
    checked.mobile_phone,
    checked.job_title,
    checked.company_name,
    checked.lead_status,
    checked.lead_source,
    checked.preferred_language,
    checked.street,
    checked.city,
    checked.state,
    checked.postal_code,
    checked.country,
    checked.is_email_opt_out,
    checked.is_do_not_call,
    checked.created_at,
    checked.modified_at,
    checked.is_email_valid,
    iff(checked.is_email_valid and placeholder_emails.email_key is null, checked.email_key, null) as email_key
from checked
left join placeholder_emails on checked.email_key = placeholder_emails.email_key
