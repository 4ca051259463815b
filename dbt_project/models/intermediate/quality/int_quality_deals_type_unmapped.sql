with opportunities as (
    select
        opportunity_id,
        opportunity_type
    from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
),

deal_types as (
    select salesforce_type
    from {{ ref('map_opportunity_type') }}
)

select
    'deals_type_unmapped' as check_name,
    'deals' as object,
    opportunities.opportunity_id as record_id,
    'dealtype' as field,
    'field' as scope,
    'type "' || opportunities.opportunity_type || '" has no row in the seed map_opportunity_type' as problem
from opportunities
left join deal_types on opportunities.opportunity_type = deal_types.salesforce_type
where opportunities.opportunity_type is not null and deal_types.salesforce_type is null
