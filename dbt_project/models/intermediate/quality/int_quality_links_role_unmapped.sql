with opportunity_contact_roles as (
    select
        opportunity_contact_role_id,
        role
    from {{ ref('stg_salesforce__opportunity_contact_roles') }}
    where not is_deleted
),

roles as (
    select salesforce_role
    from {{ ref('map_contact_role') }}
)

select
    'links_role_unmapped' as check_name,
    'links' as object,
    opportunity_contact_roles.opportunity_contact_role_id as record_id,
    'association_type' as field,
    'field' as scope,
    'role "' || opportunity_contact_roles.role || '" has no row in the seed map_contact_role' as problem
from opportunity_contact_roles
left join roles on opportunity_contact_roles.role = roles.salesforce_role
where opportunity_contact_roles.role is not null and roles.salesforce_role is null
