-- A merging pair whose records carry two labels: connected_components needs more rounds.
{% for entity in ['people', 'companies'] %}
select
    '{{ entity }}' as entity,
    matched.left_id,
    matched.right_id
from {{ ref('int_' ~ entity ~ '_matched') }} as matched
inner join {{ ref('int_' ~ entity ~ '_joined') }} as left_record on matched.left_id = left_record.record_id
inner join {{ ref('int_' ~ entity ~ '_joined') }} as right_record on matched.right_id = right_record.record_id
where matched.band = 'merge' and left_record.component_id <> right_record.component_id
{{ 'union all' if not loop.last }}
{% endfor %}
