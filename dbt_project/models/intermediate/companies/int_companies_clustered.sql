with companies as (
    select record_id
    from {{ ref('int_companies_keyed') }}
),

pairs as (
    select
        left_id,
        right_id
    from {{ ref('int_companies_matched') }}
),

{{ connected_components(nodes='companies', edges='pairs') }}

select
    record_id,
    component_id
from components
