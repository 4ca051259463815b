with source as (
    select * from {{ source('salesforce', 'content_document_link') }}
),

renamed as (
    select
        -- ids
        id as content_document_link_id,
        contentdocumentid as content_document_id,
        linkedentityid as shared_with_id,

        -- flags
        coalesce(_deleted, false) as is_deleted
    from source
)

select * from renamed
