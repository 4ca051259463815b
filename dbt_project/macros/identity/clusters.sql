{#
    CTEs up to `components(record_id, component_id)`: every record with the smallest id that merging pairs join it to, directly or
    through others.

    Each round lets every record follow the smallest of its neighbours, and that one's, and goes on with the pairs that still
    join two labels. "Smallest" is by a digest of the id: in the order of the ids themselves a chain would be one long
    queue, in a shuffled order at least half of what is left falls together in each round, so 12 rounds are ample for a
    chain of 1,000. Snowflake's recursive CTE has no distinct and never ends on a cycle, so the rounds are unrolled; the
    test `matched_pairs_share_a_cluster` fails if they were too few.
#}
{% macro connected_components(entity, rounds=12) %}
marks_0 as (
    select
        record_id,
        md5_number_lower64(record_id) as mark
    from {{ ref('int_' ~ entity ~ '_keyed') }}
),

edges_0 as (
    select
        least(md5_number_lower64(left_id), md5_number_lower64(right_id)) as left_mark,
        greatest(md5_number_lower64(left_id), md5_number_lower64(right_id)) as right_mark
    from {{ ref('int_' ~ entity ~ '_matched') }}
    where band = 'merge'
),

{% for round in range(1, rounds + 1) %}
neighbours_{{ round }} as (
    select
        left_mark as mark,
        right_mark as neighbour
    from edges_{{ round - 1 }}
    union all
    select
        right_mark as mark,
        left_mark as neighbour
    from edges_{{ round - 1 }}
),

nearest_{{ round }} as (
    select
        mark,
        least(mark, min(neighbour)) as label
    from neighbours_{{ round }}
    group by mark
),

labels_{{ round }} as (
    select
        nearest.mark,
        farther.label
    from nearest_{{ round }} as nearest
    inner join nearest_{{ round }} as farther on nearest.label = farther.mark
),

edges_{{ round }} as (
    select distinct
        least(left_label.label, right_label.label) as left_mark,
        greatest(left_label.label, right_label.label) as right_mark
    from edges_{{ round - 1 }} as edges
    inner join labels_{{ round }} as left_label on edges.left_mark = left_label.mark
    inner join labels_{{ round }} as right_label on edges.right_mark = right_label.mark
    where left_label.label <> right_label.label
),

marks_{{ round }} as (
    select
        marks.record_id,
        coalesce(labels.label, marks.mark) as mark
    from marks_{{ round - 1 }} as marks
    left join labels_{{ round }} as labels on marks.mark = labels.mark
),

{% endfor %}
components as (
    select
        record_id,
        min(record_id) over (partition by mark) as component_id
    from marks_{{ rounds }}
)
{% endmacro %}


{#
    CTEs that put the records of disputed clusters together anew: those in which two records stand that must not.

    Round by round the two groups that are each other's strongest choice become one, unless something keeps a record of
    the one apart from a record of the other. So what must be apart is apart, whatever lies between, and a tie is
    cut where it is weakest. What the rounds leave undone stays apart, and people see it in the review list.

    The last CTE is `parted(record_id, component_id)`, with the records of disputed clusters only.
#}
{% macro parted_clusters(entity, rounds=8) %}
joined as (
    select
        record_id,
        component_id
    from {{ ref('int_' ~ entity ~ '_joined') }}
),

ties as (
    select
        left_id,
        right_id,
        iff(reason in ('score', 'lone record'), total_bits, 1000) as strength
    from {{ ref('int_' ~ entity ~ '_matched') }}
    where band = 'merge'
),

apart as (
    select
        left_id,
        right_id
    from {{ ref('int_' ~ entity ~ '_matched') }}
    where band = 'separate'
),

disputed as (
    select distinct left_cluster.component_id
    from apart
    inner join joined as left_cluster on apart.left_id = left_cluster.record_id
    inner join joined as right_cluster on apart.right_id = right_cluster.record_id
    where left_cluster.component_id = right_cluster.component_id
),

groups_0 as (
    select
        joined.record_id,
        joined.record_id as label
    from joined
    inner join disputed on joined.component_id = disputed.component_id
),

{% for round in range(1, rounds + 1) %}
kept_apart_{{ round }} as (
    select distinct
        least(left_group.label, right_group.label) as left_label,
        greatest(left_group.label, right_group.label) as right_label
    from apart
    inner join groups_{{ round - 1 }} as left_group on apart.left_id = left_group.record_id
    inner join groups_{{ round - 1 }} as right_group on apart.right_id = right_group.record_id
),

choices_{{ round }} as (
    select
        least(left_group.label, right_group.label) as left_label,
        greatest(left_group.label, right_group.label) as right_label,
        max(ties.strength) as strength
    from ties
    inner join groups_{{ round - 1 }} as left_group on ties.left_id = left_group.record_id
    inner join groups_{{ round - 1 }} as right_group on ties.right_id = right_group.record_id
    left join kept_apart_{{ round }} as kept_apart
        on
            least(left_group.label, right_group.label) = kept_apart.left_label
            and greatest(left_group.label, right_group.label) = kept_apart.right_label
    where left_group.label <> right_group.label and kept_apart.left_label is null
    group by 1, 2
),

ranked_{{ round }} as (
    select
        left_label,
        right_label,
        row_number() over (order by strength desc, left_label asc, right_label asc) as place
    from choices_{{ round }}
),

chosen_{{ round }} as (
    select
        label,
        min(place) as place
    from (
        select
            left_label as label,
            place
        from ranked_{{ round }}
        union all
        select
            right_label as label,
            place
        from ranked_{{ round }}
    ) as sides
    group by label
),

joined_{{ round }} as (
    select
        ranked.left_label,
        ranked.right_label
    from ranked_{{ round }} as ranked
    inner join chosen_{{ round }} as left_choice on ranked.left_label = left_choice.label and ranked.place = left_choice.place
    inner join chosen_{{ round }} as right_choice on ranked.right_label = right_choice.label and ranked.place = right_choice.place
),

groups_{{ round }} as (
    select
        groups.record_id,
        coalesce(joined.left_label, groups.label) as label
    from groups_{{ round - 1 }} as groups
    left join joined_{{ round }} as joined on groups.label = joined.right_label
),

{% endfor %}
parted as (
    select
        record_id,
        label as component_id
    from groups_{{ rounds }}
)
{% endmacro %}
