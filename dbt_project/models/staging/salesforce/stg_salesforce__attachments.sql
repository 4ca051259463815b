with source as (
    select * from {{ source('salesforce', 'attachment') }}
),

renamed as (
    select
        -- ids
        id as attachment_id,
        parentid as parent_id,
        ownerid as owner_id,

        -- texts
        nullif(trim(name), '') as file_name,
        description,
        nullif(trim(contenttype), '') as content_type,

        -- numbers
        try_to_decimal(bodylength, 38, 0) as file_bytes,

        -- times
        try_to_timestamp_ntz(createddate) as created_at,
        try_to_timestamp_ntz(lastmodifieddate) as modified_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,
        coalesce(lower(isprivate) = 'true', false) as is_private,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
