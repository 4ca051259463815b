-- A decision that does not hold: two to be apart stand in one cluster, or two to be one in two. The latter happens when
-- decisions contradict each other, as when one and two are one, two and three are one, and one and three are not.
{% for entity in ['people', 'companies'] %}
select
    '{{ entity }}' as entity,
    matched.left_id,
    matched.right_id,
    matched.band,
    matched.reason
from {{ ref('int_' ~ entity ~ '_matched') }} as matched
inner join {{ ref('int_' ~ entity ~ '_clustered') }} as left_record on matched.left_id = left_record.record_id
inner join {{ ref('int_' ~ entity ~ '_clustered') }} as right_record on matched.right_id = right_record.record_id
where
    matched.reason not in ('score', 'lone record')
    and (matched.band = 'merge') <> (left_record.component_id = right_record.component_id)
{{ 'union all' if not loop.last }}
{% endfor %}
