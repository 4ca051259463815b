with source as (
    select * from {{ source('salesforce', 'opportunity_line_item') }}
),

renamed as (
    select
        -- ids
        id as opportunity_line_item_id,
        opportunityid as opportunity_id,
        product2id as product_id,

        -- texts
        nullif(trim(name), '') as line_item_name,
        nullif(trim(productcode), '') as product_code,
        nullif(trim(description), '') as description,

        -- numbers
        try_to_decimal(quantity, 18, 4) as quantity,
        try_to_decimal(unitprice, 18, 2) as unit_price,
        try_to_decimal(discount, 18, 2) as discount_percent,
        try_to_decimal(listprice, 18, 2) as list_price,
        try_to_decimal(totalprice, 18, 2) as total_price,

        -- dates and times
        try_to_date(servicedate) as service_date,
        try_to_timestamp_ntz(createddate) as created_at,
        try_to_timestamp_ntz(lastmodifieddate) as modified_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
