with source as (
    select
        id,
        parse_json(payload) as payload
    from {{ source('hubspot', 'owners') }}
),

renamed as (
    select
        -- ids
        id as hubspot_owner_id,

        -- texts
        lower(payload:email::varchar) as email
    from source
    where not coalesce(payload:archived::boolean, false)
)

select * from renamed
