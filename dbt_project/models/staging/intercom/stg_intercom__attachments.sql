with source as (
    select * from {{ source('intercom', 'attachments') }}
),

renamed as (
    select
        -- ids
        contact_id as intercom_contact_id,
        company_id as intercom_company_id
    from source
)

select * from renamed
