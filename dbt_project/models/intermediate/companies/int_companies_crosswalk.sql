with companies as (
    select
        record_id,
        modified_at
    from {{ ref('int_companies_keyed') }}
),

clusters as (
    select
        record_id,
        component_id
    from {{ ref('int_companies_clustered') }}
)

select
    companies.record_id,
    'Account' as source_object,
    clusters.component_id,
    -- the label of a cluster is its smallest id, which an edit does not move
    clusters.component_id as golden_id,
    row_number() over (
        partition by clusters.component_id
        order by companies.modified_at desc nulls last, companies.record_id asc
    ) as trust_rank
from companies
inner join clusters on companies.record_id = clusters.record_id
