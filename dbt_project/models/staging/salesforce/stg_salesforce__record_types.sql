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
        coalesce(lower(isactive) = 'true', false) as is_active
    from source
)

select * from renamed
