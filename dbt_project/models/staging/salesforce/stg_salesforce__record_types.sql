with source as (
    select * from {{ source('salesforce', 'record_type') }}
),

renamed as (
    select
        -- ids
        id as record_type_id,

        -- texts
        sobjecttype as sobject_type,
        developername as developer_name,
        name as record_type_name,

        -- flags
        coalesce(lower(isactive) = 'true', false) as is_active,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
