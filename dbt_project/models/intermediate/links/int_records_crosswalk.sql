with people as (
    select
        'contacts' as object,
        source_object,
        record_id,
        golden_id
    from {{ ref('int_people_crosswalk') }}
),

companies as (
    select
        'companies' as object,
        source_object,
        record_id,
        golden_id
    from {{ ref('int_companies_crosswalk') }}
),

opportunities as (
    select
        'deals' as object,
        'Opportunity' as source_object,
        opportunity_id as record_id,
        opportunity_id as golden_id
    from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
),

cases as (
    select
        'tickets' as object,
        'Case' as source_object,
        case_id as record_id,
        case_id as golden_id
    from {{ ref('stg_salesforce__cases') }}
    where not is_deleted
),

records as (
    {% for record in ['people', 'companies', 'opportunities', 'cases'] %}
    select
        object,
        source_object,
        record_id,
        golden_id
    from {{ record }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    object,
    source_object,
    record_id,
    golden_id
from records
