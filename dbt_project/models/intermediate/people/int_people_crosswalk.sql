with people as (
    select
        record_id,
        source_object,
        modified_at
    from {{ ref('int_people_keyed') }}
),

clusters as (
    select
        record_id,
        component_id
    from {{ ref('int_people_clustered') }}
),

ranked as (
    select
        people.record_id,
        people.source_object,
        clusters.component_id,
        -- never by date: the key under which a person lives in the targets must not move when a record is edited
        first_value(people.record_id) over (
            partition by clusters.component_id
            order by iff(people.source_object = 'Contact', 0, 1), people.record_id
        ) as golden_id,
        row_number() over (
            partition by clusters.component_id
            order by
                iff(people.source_object = 'Contact', 0, 1) asc,
                people.modified_at desc nulls last,
                people.record_id asc
        ) as trust_rank
    from people
    inner join clusters on people.record_id = clusters.record_id
)

select
    record_id,
    source_object,
    component_id,
    golden_id,
    trust_rank
from ranked
