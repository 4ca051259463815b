with records as (
    select record_id
    from {{ ref('int_companies_keyed') }}
),

pairs as (
    select
        left_id,
        right_id
    from {{ ref('int_companies_matched') }}
    where band = 'merge'
),

{{ connected_components(nodes='records', edges='pairs') }}

select
    record_id,
    component_id
from components
