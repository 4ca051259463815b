with source as (
    select * from {{ source('intercom', 'links') }}
),

renamed as (
    select
        -- ids
        object,
        contact_id as intercom_contact_id,
        other_id as intercom_other_id
    from source
)

select * from renamed
