with source as (
    select * from {{ source('hubspot', 'associations') }}
),

renamed as (
    select
        -- ids
        from_id as from_hubspot_id,
        to_id as to_hubspot_id,
        try_to_decimal(type_id, 38, 0) as association_type_id,

        -- texts
        from_object,
        to_object,
        category,
        nullif(label, '') as label
    from source
)

select * from renamed
