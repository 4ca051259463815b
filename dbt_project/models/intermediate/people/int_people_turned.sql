with leads as (
    select
        record_id,
        golden_id
    from {{ ref('int_people_crosswalk') }}
    where source_object = 'Lead' and record_id <> golden_id
),

-- what went to Intercom by itself; a user who did not is loaded by taking over the lead
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
inner join loaded as loaded_users on leads.golden_id = loaded_users.record_key
inner join users on leads.golden_id = users.golden_id
