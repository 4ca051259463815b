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
        coalesce(lower(isactive) = 'true', false) as is_active,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
