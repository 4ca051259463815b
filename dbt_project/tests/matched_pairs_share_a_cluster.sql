-- A pair whose records carry two labels: connected_components needs more rounds.
{% for entity in ['people', 'companies'] %}
select
    '{{ entity }}' as entity,
    matched.left_id,
    matched.right_id
from {{ ref('int_' ~ entity ~ '_matched') }} as matched
inner join {{ ref('int_' ~ entity ~ '_clustered') }} as left_cluster on matched.left_id = left_cluster.record_id
inner join {{ ref('int_' ~ entity ~ '_clustered') }} as right_cluster on matched.right_id = right_cluster.record_id
where left_cluster.component_id <> right_cluster.component_id
{{ 'union all' if not loop.last }}
{% endfor %}
