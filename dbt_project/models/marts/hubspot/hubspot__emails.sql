with emails as (
    select
        email_id,
        user_id,
        sent_at,
        subject,
        text_body,
        html_body,
        direction,
        send_status,
        from_name,
        from_address,
        to_address,
        cc_address,
        bcc_address
    from {{ ref('int_activities_emails') }}
),

refused as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'emails' and scope = 'record'
),

owners as (
    select
        owner_id,
        hubspot_owner_id
    from {{ ref('int_owners_mapped') }}
),

mapped as (
    select
        emails.email_id as _record_key,
        emails.sent_at as hs_timestamp,
        emails.direction as hs_email_direction,
        emails.send_status as hs_email_status,
        emails.subject as hs_email_subject,
        emails.text_body as hs_email_text,
        emails.html_body as hs_email_html,
        -- HubSpot takes those who wrote and those who got it as one JSON text
        case
            when emails.from_address is not null
                then
                    '{"from":{"email":' || {{ as_json_text('emails.from_address') }}
                    || ',"firstName":' || {{ as_json_text("coalesce(emails.from_name, '')") }}
                    || '},"to":' || {{ as_email_list('emails.to_address') }}
                    || ',"cc":' || {{ as_email_list('emails.cc_address') }}
                    || ',"bcc":' || {{ as_email_list('emails.bcc_address') }} || '}'
        end as hs_email_headers,
        owners.hubspot_owner_id
    from emails
    left join refused on emails.email_id = refused.record_id
    left join owners on emails.user_id = owners.owner_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
