with opportunities as (
    select
        opportunity_id,
        stage_name
    from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
),

stages as (
    select salesforce_stage
    from {{ ref('map_opportunity_stage') }}
)

select
    'deals_stage_unmapped' as check_name,
    'deals' as object,
    opportunities.opportunity_id as record_id,
    'dealstage' as field,
    'record' as scope,
    'stage "' || coalesce(opportunities.stage_name, '') || '" has no row in the seed map_opportunity_stage' as problem
from opportunities
left join stages on opportunities.stage_name = stages.salesforce_stage
where stages.salesforce_stage is null
