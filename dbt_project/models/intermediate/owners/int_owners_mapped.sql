with users as (
    select
        user_id,
        iff(is_active, email, null) as active_email
    from {{ ref('stg_salesforce__users') }}
),

hubspot_owners as (
    select
        email,
        hubspot_owner_id
    from {{ ref('stg_hubspot__owners') }}
),

intercom_admins as (
    select
        email,
        intercom_admin_id
    from {{ ref('stg_intercom__admins') }}
),

default_owner as (
    select lower('{{ var("default_owner_email") }}') as email
)

select
    users.user_id,
    coalesce(hubspot_owners.hubspot_owner_id, default_hubspot_owner.hubspot_owner_id) as hubspot_owner_id,
    coalesce(intercom_admins.intercom_admin_id, default_intercom_admin.intercom_admin_id) as intercom_admin_id
from users
cross join default_owner
left join hubspot_owners on users.active_email = hubspot_owners.email
left join hubspot_owners as default_hubspot_owner on default_owner.email = default_hubspot_owner.email
left join intercom_admins on users.active_email = intercom_admins.email
left join intercom_admins as default_intercom_admin on default_owner.email = default_intercom_admin.email
