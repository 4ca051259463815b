with source as (
    select
        id,
        parse_json(payload) as payload
    from {{ source('intercom', 'admins') }}
),

renamed as (
    select
        -- ids
        try_to_decimal(id, 38, 0) as intercom_admin_id,

        -- texts
        lower(payload:email::varchar) as email
    from source
)

select * from renamed
