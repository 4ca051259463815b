with fields as (
    select
        source_object,
        source_field,
        field_label,
        field_type,
        is_custom,
        treatment
    from {{ ref('stg_salesforce__fields') }}
    where is_current
),

named as (
    select
        source_object,
        source_field,
        target || ' ' || object || '.' || property as property_name
    from {{ ref('field_mapping') }}
    where kind <> 'constant'
),

mapped as (
    select
        source_object,
        source_field,
        listagg(property_name, ', ') within group (order by property_name) as properties
    from named
    group by source_object, source_field
),

left_behind as (
    select
        object,
        field,
        reason
    from {{ ref('left_behind') }}
),

explained as (
    select
        fields.source_object,
        fields.source_field,
        fields.field_label,
        fields.field_type,
        fields.is_custom,
        fields.treatment,
        mapped.properties,
        coalesce(of_object.reason, of_every_object.reason) as reason
    from fields
    left join mapped
        on fields.source_object = mapped.source_object and fields.source_field = mapped.source_field
    left join left_behind as of_object
        on fields.source_object = of_object.object and fields.source_field = of_object.field
    left join left_behind as of_every_object
        on fields.source_field = of_every_object.field and of_every_object.object = '*'
)

select
    source_object,
    source_field,
    field_label,
    field_type,
    is_custom,
    treatment,
    case
        when properties is not null then 'mapped'
        when reason is not null then 'left_behind'
        else 'unexplained'
    end as status,
    properties,
    iff(properties is null, reason, null) as reason
from explained
