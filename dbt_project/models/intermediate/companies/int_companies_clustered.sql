with joined as (
    select
        record_id,
        component_id
    from {{ ref('int_companies_joined') }}
),

ties as (
    select
        left_id,
        right_id,
        iff(reason in ('score', 'lone record'), total_bits, 1000) as strength
    from {{ ref('int_companies_matched') }}
    where band = 'merge'
),

apart as (
    select
        left_id,
        right_id
    from {{ ref('int_companies_matched') }}
    where band = 'separate' and reason not in ('score', 'lone record')
),

{{ parted_clusters(clusters='joined', ties='ties', apart='apart') }}

select
    joined.record_id,
    coalesce(parted.component_id, joined.component_id) as component_id
from joined
left join parted on joined.record_id = parted.record_id
