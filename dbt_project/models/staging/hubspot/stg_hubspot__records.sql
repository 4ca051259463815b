with source as (
    select
        object,
        id,
        parse_json(payload) as payload
    from {{ source('hubspot', 'records') }}
),

renamed as (
    select
        -- ids
        object,
        id as hubspot_id,
        payload:properties:salesforce_id::varchar as record_key,

        -- documents
        payload:properties as properties
    from source
)

select * from renamed
