with people as (
    select
        golden_id,
        lead_status
    from {{ ref('int_people_merged') }}
),

lead_statuses as (
    select salesforce_status
    from {{ ref('map_lead_status') }}
)

select
    'people_lead_status_unmapped' as check_name,
    'contacts' as object,
    people.golden_id as record_id,
    'hs_lead_status' as field,
    'field' as scope,
    'lead status "' || people.lead_status || '" has no row in the seed map_lead_status' as problem
from people
left join lead_statuses on people.lead_status = lead_statuses.salesforce_status
where people.lead_status is not null and lead_statuses.salesforce_status is null
