{{ config(alias='field_mapping') }}

with properties as (
    {% for target, object in outbound_records() -%}
    {%- for property in contract_properties(target ~ '__' ~ object) %}
    select
        '{{ target }}' as target,
        '{{ object }}' as object,
        '{{ property.name }}' as property,
        '{{ property.data_type }}' as data_type,
        {{ 'true' if property.is_custom else 'false' }} as is_custom,
        {{ 'true' if property.is_pii else 'false' }} as is_pii
    union all
    {%- endfor -%}
    {%- endfor %}
    select
        null as target,
        null as object,
        null as property,
        null as data_type,
        null as is_custom,
        null as is_pii
),

fields as (
    select
        target,
        object,
        property,
        source_object || '.' || source_field as field,
        kind
    from {{ ref('field_mapping') }}
),

sourced as (
    select
        target,
        object,
        property,
        listagg(iff(kind = 'value', field, null), ', ') within group (order by field) as source_fields,
        listagg(iff(kind = 'via', field, null), ', ') within group (order by field) as via_fields
    from fields
    group by target, object, property
),

differences as (
    select
        target,
        object,
        property,
        count(*) as mismatches
    from {{ ref('recon_field') }}
    where not is_kept
    group by target, object, property
)

select
    properties.target,
    properties.object,
    properties.property,
    properties.data_type,
    properties.is_custom,
    properties.is_pii,
    nullif(sourced.source_fields, '') as source_fields,
    nullif(sourced.via_fields, '') as via_fields,
    coalesce(differences.mismatches, 0) as mismatches
from properties
left join sourced
    on
        properties.target = sourced.target
        and properties.object = sourced.object
        and properties.property = sourced.property
left join differences
    on
        properties.target = differences.target
        and properties.object = differences.object
        and properties.property = differences.property
where properties.target is not null
