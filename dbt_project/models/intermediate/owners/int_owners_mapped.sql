with owners as (
    {% for object, user_id in owned_models() %}
    select {{ user_id }} as owner_id
    from {{ ref('stg_salesforce__' ~ object) }}
    where {{ user_id }} is not null
    {{ 'union' if not loop.last }}
    {% endfor %}
),

active_users as (
    select
        user_id,
        email
    from {{ ref('stg_salesforce__users') }}
    where is_active
),

queues as (
    select
        group_id,
        group_name
    from {{ ref('stg_salesforce__groups') }}
    where is_queue
),

-- one e-mail address is one owner, also where a target has it twice
hubspot_owners as (
    select
        email,
        min(hubspot_owner_id) as hubspot_owner_id
    from {{ ref('stg_hubspot__owners') }}
    group by email
),

intercom_admins as (
    select
        email,
        min(intercom_admin_id) as intercom_admin_id
    from {{ ref('stg_intercom__admins') }}
    group by email
),

default_owner as (
    select nullif(lower('{{ var("default_owner_email") }}'), '') as email
)

select
    owners.owner_id,
    queues.group_name as queue_name,
    coalesce(hubspot_owners.hubspot_owner_id, default_hubspot_owner.hubspot_owner_id) as hubspot_owner_id,
    coalesce(intercom_admins.intercom_admin_id, default_intercom_admin.intercom_admin_id) as intercom_admin_id
from owners
cross join default_owner
left join queues on owners.owner_id = queues.group_id
left join active_users on owners.owner_id = active_users.user_id
left join hubspot_owners on active_users.email = hubspot_owners.email
left join hubspot_owners as default_hubspot_owner on default_owner.email = default_hubspot_owner.email
left join intercom_admins on active_users.email = intercom_admins.email
left join intercom_admins as default_intercom_admin on default_owner.email = default_intercom_admin.email
