with source as (
    select * from {{ source('salesforce', 'fields') }}
),

renamed as (
    select
        -- ids
        _run_id as run_id,

        -- texts
        object as source_object,
        field as source_field,
        label as field_label,
        type as field_type,
        coalesce(treatment, 'copied') as treatment,

        -- numbers
        length as text_length,
        precision as number_precision,
        scale as number_scale,

        -- times
        _extracted_at as described_at,

        -- flags
        coalesce(custom, false) as is_custom,
        coalesce(calculated, false) as is_calculated,
        -- every extract adds what it was shown; the last one that read the object says what the org has now
        _extracted_at = max(_extracted_at) over (partition by object) as is_current
    from source
)

select * from renamed
