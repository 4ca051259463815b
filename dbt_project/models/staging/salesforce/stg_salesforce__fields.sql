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
    -- every extract adds what it was shown; the last one that read the object says what the org has now
    qualify _extracted_at = max(_extracted_at) over (partition by object)
)

select * from renamed
