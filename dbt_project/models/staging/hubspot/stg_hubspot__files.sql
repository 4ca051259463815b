with source as (
    select
        id,
        parse_json(payload) as payload
    from {{ source('hubspot', 'files') }}
),

renamed as (
    select
        -- ids
        id as hubspot_id,
        regexp_replace(payload:path::varchar, '^/salesforce/', '') as record_key
    from source
    qualify row_number() over (partition by id order by record_key) = 1
)

select * from renamed
