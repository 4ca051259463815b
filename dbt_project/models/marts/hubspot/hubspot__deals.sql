with opportunities as (
    select
        opportunity_id,
        owner_id,
        opportunity_name,
        description,
        stage_name,
        opportunity_type,
        next_step,
        lead_source,
        loss_reason,
        amount,
        currency_code,
        close_date,
        created_at
    from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
),

refused as (
    select distinct record_id
    from {{ ref('int_quality_findings') }}
    where object = 'deals' and scope = 'record'
),

stages as (
    select
        salesforce_stage,
        hubspot_pipeline,
        hubspot_stage
    from {{ ref('map_opportunity_stage') }}
),

deal_types as (
    select
        salesforce_type,
        hubspot_deal_type
    from {{ ref('map_opportunity_type') }}
),

owners as (
    select
        owner_id,
        hubspot_owner_id
    from {{ ref('int_owners_mapped') }}
),

currencies as (
    select
        currency_code,
        conversion_rate
    from {{ ref('stg_salesforce__currency_types') }}
    where conversion_rate > 0
),

stages_entered as (
    select
        opportunity_id,
        stage_entered_at
    from {{ ref('int_deals_stage_entered') }}
),

mapped as (
    select
        opportunities.opportunity_id as _record_key,
        opportunities.opportunity_name as dealname,
        stages.hubspot_pipeline as pipeline,
        stages.hubspot_stage as dealstage,
        opportunities.amount as amount,
        cast(opportunities.close_date as timestamp_ntz) as closedate,
        deal_types.hubspot_deal_type as dealtype,
        opportunities.description as description,
        opportunities.next_step as hs_next_step,
        owners.hubspot_owner_id as hubspot_owner_id,
        opportunities.stage_name as salesforce_stage,
        stages_entered.stage_entered_at as salesforce_stage_entered_at,
        opportunities.currency_code as salesforce_currency,
        cast(opportunities.amount / currencies.conversion_rate as number(18, 2)) as salesforce_converted_amount,
        opportunities.opportunity_type as salesforce_opportunity_type,
        opportunities.lead_source as salesforce_lead_source,
        opportunities.loss_reason as loss_reason,
        opportunities.created_at as salesforce_created_at
    from opportunities
    left join refused on opportunities.opportunity_id = refused.record_id
    left join stages on opportunities.stage_name = stages.salesforce_stage
    left join deal_types on opportunities.opportunity_type = deal_types.salesforce_type
    left join currencies on opportunities.currency_code = currencies.currency_code
    left join stages_entered on opportunities.opportunity_id = stages_entered.opportunity_id
    left join owners on opportunities.owner_id = owners.owner_id
    where refused.record_id is null
)

select
    {{ sent_columns() }}
from mapped
