with left_out as (
    {% for target, object in outbound_records() %}
    select
        '{{ target }}' as target,
        '{{ object }}' as object,
        _record_key as record_id,
        _left_out
    from {{ ref(target ~ '__' ~ object) }}
    where _left_out <> ''
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

each_property as (
    select
        left_out.target,
        left_out.object,
        left_out.record_id,
        split_part(one.value::varchar, '|', 1) as field,
        split_part(one.value::varchar, '|', 2) as check_name
    from left_out, lateral flatten(input => split(left_out._left_out, ',')) as one
),

checks as (
    select
        check_name,
        finds
    from {{ ref('quality_checks') }}
),

sources as (
    select
        target,
        object,
        property,
        listagg(source_object || '.' || source_field, ' or ') within group (order by source_object, source_field)
            as source_fields
    from {{ ref('field_mapping') }}
    where kind = 'value'
    group by target, object, property
)

select
    each_property.check_name,
    each_property.target,
    each_property.object,
    each_property.record_id,
    each_property.field,
    'field' as scope,
    checks.finds || ': correct ' || coalesce(sources.source_fields, 'the mapping') as problem
from each_property
inner join checks on each_property.check_name = checks.check_name
left join sources
    on
        each_property.target = sources.target
        and each_property.object = sources.object
        and each_property.field = sources.property
