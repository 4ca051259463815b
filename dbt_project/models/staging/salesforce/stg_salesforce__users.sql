with source as (
    select * from {{ source('salesforce', 'user') }}
),

renamed as (
    select
        -- ids
        id as user_id,

        -- texts
        nullif(trim(name), '') as user_name,
        lower(trim(email)) as email,

        -- flags
        coalesce(lower(isactive) = 'true', false) as is_active
    from source
)

select * from renamed
