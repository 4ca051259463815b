with source as (
    select
        id,
        parse_json(payload) as payload
    from {{ source('intercom', 'contacts') }}
),

renamed as (
    select
        -- ids
        id as intercom_contact_id,
        payload:external_id::varchar as record_key,

        -- documents
        payload as properties,
        payload:custom_attributes as custom_attributes
    from source
)

select * from renamed
