with people as (
    select
        golden_id,
        is_contact
    from {{ ref('int_people_merged') }}
),

crosswalk as (
    select
        record_id,
        golden_id
    from {{ ref('int_people_crosswalk') }}
),

leads as (
    select lead_id
    from {{ ref('stg_salesforce__leads') }}
    where is_converted
),

converted as (
    select distinct crosswalk.golden_id
    from crosswalk
    inner join leads on crosswalk.record_id = leads.lead_id
)

select
    people.golden_id,
    iff(people.is_contact or converted.golden_id is not null, 'user', 'lead') as person_role
from people
left join converted on people.golden_id = converted.golden_id
