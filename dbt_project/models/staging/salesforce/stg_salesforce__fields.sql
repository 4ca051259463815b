with source as (
    select * from {{ source('salesforce', 'fields') }}
),

renamed as (
    select
        -- texts
        object as source_object,
        field as source_field,
        label as field_label,
        type as field_type,

        -- flags
        coalesce(custom, false) as is_custom
    from source
)

select * from renamed
