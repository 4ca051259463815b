with source as (
    select
        object,
        id,
        parse_json(payload) as payload
    from {{ source('intercom', 'records') }}
),

renamed as (
    select
        -- ids
        object,
        id as intercom_id,
        case object
            when 'companies' then payload:company_id::varchar
            when 'contacts' then payload:external_id::varchar
        end as record_key,

        -- documents
        payload as properties,
        payload:custom_attributes as custom_attributes
    from source
)

select * from renamed
