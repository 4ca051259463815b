with opportunities as (
    select
        opportunity_id,
        stage_name
    from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
),

stage_changes as (
    select
        opportunity_id,
        new_value as stage_name,
        changed_at
    from {{ ref('stg_salesforce__opportunity_field_history') }}
    where field_name = 'StageName' and not is_deleted
)

select
    opportunities.opportunity_id,
    max(stage_changes.changed_at) as stage_entered_at
from opportunities
inner join stage_changes
    on
        opportunities.opportunity_id = stage_changes.opportunity_id
        and opportunities.stage_name = stage_changes.stage_name
group by opportunities.opportunity_id
