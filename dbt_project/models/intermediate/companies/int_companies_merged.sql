with companies as (
    select
        keyed.record_id,
        keyed.owner_id,
        keyed.account_name,
        keyed.account_type,
        keyed.industry,
        keyed.rating,
        keyed.account_source,
        keyed.description,
        keyed.phone,
        keyed.website,
        keyed.domain,
        keyed.customer_tier,
        keyed.street,
        keyed.city,
        keyed.state,
        keyed.postal_code,
        keyed.country,
        keyed.annual_revenue,
        keyed.employee_count,
        keyed.contract_end_date,
        keyed.created_at,
        keyed.modified_at,
        keyed.phone_key,
        crosswalk.component_id,
        crosswalk.golden_id,
        crosswalk.trust_rank,
        {{ address_rank('keyed') }} as address_rank
    from {{ ref('int_companies_keyed') }} as keyed
    inner join {{ ref('int_companies_crosswalk') }} as crosswalk on keyed.record_id = crosswalk.record_id
),

survived as (
    select
        golden_id,
        component_id,
        trust_rank,
        {{ survivors('companies') }}
    from companies
),

members as (
    select
        component_id,
        listagg(record_id, ';') within group (order by record_id) as record_ids,
        count(*) as record_count
    from companies
    group by component_id
)

select
    survived.golden_id,
    survived.owner_id,
    survived.account_name,
    survived.account_type,
    survived.industry,
    survived.rating,
    survived.account_source,
    survived.description,
    survived.phone,
    survived.website,
    survived.domain,
    survived.customer_tier,
    survived.street,
    survived.city,
    survived.state,
    survived.postal_code,
    survived.country,
    survived.annual_revenue,
    survived.employee_count,
    survived.contract_end_date,
    survived.created_at,
    members.record_ids,
    members.record_count
from survived
inner join members on survived.component_id = members.component_id
where survived.trust_rank = 1
