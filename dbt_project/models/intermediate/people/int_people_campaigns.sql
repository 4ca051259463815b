with members as (
    select
        campaign_id,
        -- a member who was a lead and became a contact is that contact
        coalesce(contact_id, lead_id) as record_id,
        has_responded
    from {{ ref('stg_salesforce__campaign_members') }}
    where not is_deleted
),

campaigns as (
    select
        campaign_id,
        campaign_name
    from {{ ref('stg_salesforce__campaigns') }}
    where not is_deleted
),

people as (
    select
        record_id,
        golden_id
    from {{ ref('int_people_crosswalk') }}
),

named as (
    select
        people.golden_id,
        campaigns.campaign_name,
        boolor_agg(members.has_responded) as has_responded
    from members
    inner join campaigns on members.campaign_id = campaigns.campaign_id
    inner join people on members.record_id = people.record_id
    group by people.golden_id, campaigns.campaign_name
)

select
    golden_id,
    listagg(campaign_name, '; ') within group (order by campaign_name) as campaigns,
    nullif(listagg(iff(has_responded, campaign_name, null), '; ') within group (order by campaign_name), '')
        as campaigns_responded
from named
group by golden_id
