with source as (
    select
        id,
        parse_json(payload) as payload
    from {{ source('hubspot', 'deals') }}
),

renamed as (
    select
        -- ids
        id as hubspot_deal_id,
        payload:properties:salesforce_id::varchar as record_key,

        -- documents
        payload:properties as properties
    from source
)

select * from renamed
