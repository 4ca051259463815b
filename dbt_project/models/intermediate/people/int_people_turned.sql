with leads as (
    select
        record_id,
        golden_id
    from {{ ref('int_people_crosswalk') }}
    where source_object = 'Lead' and record_id <> golden_id
),

-- a lead that went to Intercom by itself, before it became part of another person
loaded as (
    select record_key
    from {{ ref('stg_ops__loaded') }}
    where target = 'intercom' and object = 'contacts'
),

users as (
    select golden_id
    from {{ ref('int_people_roles') }}
    where person_role = 'user'
)

select
    leads.record_id as lead_key,
    leads.golden_id as user_key
from leads
inner join loaded on leads.record_id = loaded.record_key
inner join users on leads.golden_id = users.golden_id
