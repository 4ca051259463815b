with records as (
    {% for object, model, id in casting_models() %}
    select
        '{{ object }}' as source_object,
        {{ id }} as record_id,
        unfit_fields
    from {{ ref(model) }}
    where unfit_fields <> ''
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

fields as (
    select
        source_object,
        source_field,
        field_type
    from {{ ref('stg_salesforce__fields') }}
    where is_current
),

each_field as (
    select
        records.source_object,
        records.record_id,
        split_part(unfit.value::varchar, '|', 1) as field_name,
        split_part(unfit.value::varchar, '|', 2) as expected_type
    from records, lateral flatten(input => split(records.unfit_fields, ',')) as unfit
)

select
    each_field.source_object,
    each_field.record_id,
    coalesce(fields.source_field, each_field.field_name) as source_field,
    fields.field_type,
    each_field.expected_type,
    case each_field.expected_type
        when 'decimal' then 'is no number, or has more digits than staging reads'
        when 'date' then 'is no date'
        when 'timestamp' then 'is no time'
        when 'boolean' then 'is neither true nor false'
        else 'is not of the type'
    end as reason
from each_field
left join fields
    on
        each_field.source_object = fields.source_object
        and each_field.field_name = lower(fields.source_field)
