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
            when 'contacts'
                then coalesce(payload:external_id::varchar, payload:custom_attributes:salesforce_id::varchar)
            when 'tags' then lower(payload:name::varchar)
            when 'tickets' then payload:ticket_attributes:salesforce_id::varchar
            when 'contact_notes' then {{ marked_key('payload:body::varchar') }}
            when 'ticket_notes' then {{ marked_key('payload:body::varchar') }}
        end as record_key,
        coalesce(payload:contacts:contacts[0]:id::varchar, payload:contact:id::varchar) as intercom_contact_id,
        payload:ticket_id::varchar as intercom_ticket_id,

        -- documents
        payload as properties,
        coalesce(payload:custom_attributes, payload:ticket_attributes) as custom_attributes
    from source
)

select * from renamed
