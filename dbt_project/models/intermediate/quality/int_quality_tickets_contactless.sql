with cases as (
    select
        case_id,
        contact_id
    from {{ ref('stg_salesforce__cases') }}
    where not is_deleted
),

people as (
    select
        record_id,
        golden_id
    from {{ ref('int_people_crosswalk') }}
),

refused_people as (
    select record_id as golden_id
    from {{ ref('int_quality_people_unidentified') }}
)

select
    'tickets_contactless' as check_name,
    'tickets' as object,
    cases.case_id as record_id,
    'contact_key' as field,
    'intercom' as scope,
    case
        when cases.contact_id is null
            then 'a ticket in Intercom has one contact, and this case has none: fill ContactId in Salesforce'
        when people.record_id is null
            then 'a ticket in Intercom has one contact, and that of this case is deleted or was never extracted'
        else 'a ticket in Intercom has one contact, and that of this case is in quarantine'
    end as problem
from cases
left join people on cases.contact_id = people.record_id
left join refused_people on people.golden_id = refused_people.golden_id
where people.record_id is null or refused_people.golden_id is not null
