with source as (
    select * from {{ source('salesforce', 'note') }}
),

renamed as (
    select
        -- ids
        id as note_id,
        parentid as parent_id,
        ownerid as owner_id,

        -- texts
        nullif(trim(title), '') as title,
        body,

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
