with subscriptions as (
    select
        subscription_id,
        owner_id,
        subscription_name,
        plan,
        seats,
        monthly_price,
        start_date,
        end_date,
        is_auto_renewed,
        created_at
    from {{ ref('stg_salesforce__subscriptions') }}
    where not is_deleted
),

refused as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'p_subscription' and scope = 'record'
),

plans as (
    select
        salesforce_plan,
        hubspot_plan
    from {{ ref('map_subscription_plan') }}
),

owners as (
    select
        owner_id,
        hubspot_owner_id
    from {{ ref('int_owners_mapped') }}
),

mapped as (
    select
        subscriptions.subscription_id as _record_key,
        subscriptions.subscription_name,
        plans.hubspot_plan as plan,
        subscriptions.seats,
        subscriptions.monthly_price,
        subscriptions.start_date,
        subscriptions.end_date,
        subscriptions.is_auto_renewed,
        owners.hubspot_owner_id,
        subscriptions.created_at as salesforce_created_at
    from subscriptions
    left join refused on subscriptions.subscription_id = refused.record_id
    left join plans on subscriptions.plan = plans.salesforce_plan
    left join owners on subscriptions.owner_id = owners.owner_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
