with subscriptions as (
    select
        subscription_id,
        plan
    from {{ ref('stg_salesforce__subscriptions') }}
    where not is_deleted
),

plans as (
    select salesforce_plan
    from {{ ref('map_subscription_plan') }}
)

select
    'subscriptions_plan_unmapped' as check_name,
    'p_subscription' as object,
    subscriptions.subscription_id as record_id,
    'plan' as field,
    'field' as scope,
    'plan "' || subscriptions.plan || '" has no row in the seed map_subscription_plan' as problem
from subscriptions
left join plans on subscriptions.plan = plans.salesforce_plan
where subscriptions.plan is not null and plans.salesforce_plan is null
