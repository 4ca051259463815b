with source as (
    select * from {{ source('salesforce', 'product2') }}
),

renamed as (
    select
        -- ids
        id as product_id,

        -- texts
        nullif(trim(name), '') as product_name,
        nullif(trim(productcode), '') as product_code,
        nullif(trim(stockkeepingunit), '') as stock_keeping_unit,
        nullif(trim(family), '') as family,
        description,

        -- times
        try_to_timestamp_ntz(createddate) as created_at,
        try_to_timestamp_ntz(lastmodifieddate) as modified_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,
        coalesce(lower(isactive) = 'true', false) as is_active,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
