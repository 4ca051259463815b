with source as (
    select * from {{ source('salesforce', 'content_version') }}
),

renamed as (
    select
        -- ids
        id as content_version_id,
        contentdocumentid as content_document_id,
        firstpublishlocationid as parent_id,
        ownerid as owner_id,

        -- texts
        nullif(trim(title), '') as title,
        description,
        nullif(trim(pathonclient), '') as file_path,
        nullif(trim(filetype), '') as file_type,
        textpreview as text_preview,

        -- numbers
        try_to_decimal(contentsize, 38, 0) as file_bytes,

        -- times
        try_to_timestamp_ntz(createddate) as created_at,
        try_to_timestamp_ntz(lastmodifieddate) as modified_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,
        coalesce(lower(islatest) = 'true', false) as is_latest,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
