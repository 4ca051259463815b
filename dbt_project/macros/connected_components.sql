{#
    CTEs that label every record with the smallest id it is joined to, directly or through others.

    `nodes` has a column `record_id`, `edges` has `left_id` and `right_id`; both name CTEs above the call. The last CTE
    is `components(record_id, component_id)`.

    Each round takes the smallest label among the neighbours and then the label of that label, so the distance covered
    doubles: 10 rounds reach the ends of a chain of 1,000. Snowflake's recursive CTE has no distinct and never ends on
    a cycle, so the rounds are unrolled; the test `matched_pairs_share_a_cluster` fails if they were too few.
#}
{% macro connected_components(nodes, edges, rounds=10) %}
neighbours as (
    select
        left_id as record_id,
        right_id as neighbour_id
    from {{ edges }}
    union
    select
        right_id as record_id,
        left_id as neighbour_id
    from {{ edges }}
),

labels_0 as (
    select
        record_id,
        record_id as label
    from {{ nodes }}
),

{% for round in range(1, rounds + 1) %}
nearest_{{ round }} as (
    select
        labels.record_id,
        least(labels.label, coalesce(min(neighbour_labels.label), labels.label)) as label
    from labels_{{ round - 1 }} as labels
    left join neighbours on labels.record_id = neighbours.record_id
    left join labels_{{ round - 1 }} as neighbour_labels on neighbours.neighbour_id = neighbour_labels.record_id
    group by labels.record_id, labels.label
),

labels_{{ round }} as (
    select
        nearest.record_id,
        least(nearest.label, coalesce(jump.label, nearest.label)) as label
    from nearest_{{ round }} as nearest
    left join nearest_{{ round }} as jump on nearest.label = jump.record_id
),

{% endfor %}
components as (
    select
        record_id,
        label as component_id
    from labels_{{ rounds }}
)
{% endmacro %}
