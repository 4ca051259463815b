with source as (
    select * from {{ source('salesforce', 'group') }}
),

renamed as (
    select
        -- ids
        id as group_id,

        -- texts
        nullif(trim(name), '') as group_name,

        -- flags
        coalesce(type = 'Queue', false) as is_queue
    from source
)

select * from renamed
