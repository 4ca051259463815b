with events as (
    select
        event_id,
        owner_id,
        subject,
        location,
        description,
        started_at,
        ended_at,
        created_at,
        is_all_day
    from {{ ref('stg_salesforce__events') }}
    where not is_deleted
),

refused as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'meetings' and scope = 'record'
),

owners as (
    select
        owner_id,
        hubspot_owner_id
    from {{ ref('int_owners_mapped') }}
),

mapped as (
    select
        events.event_id as _record_key,
        coalesce(events.started_at, events.created_at) as hs_timestamp,
        events.subject as hs_meeting_title,
        {{ as_html('events.description') }} as hs_meeting_body,
        events.location as hs_meeting_location,
        events.started_at as hs_meeting_start_time,
        events.ended_at as hs_meeting_end_time,
        owners.hubspot_owner_id,
        events.is_all_day as salesforce_is_all_day
    from events
    left join refused on events.event_id = refused.record_id
    left join owners on events.owner_id = owners.owner_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
