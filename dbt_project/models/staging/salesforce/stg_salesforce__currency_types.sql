with source as (
    select * from {{ source('salesforce', 'currency_type') }}
),

renamed as (
    select
        -- ids
        id as currency_type_id,

        -- texts
        isocode as currency_code,

        -- numbers
        try_to_decimal(conversionrate, 18, 6) as conversion_rate,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
