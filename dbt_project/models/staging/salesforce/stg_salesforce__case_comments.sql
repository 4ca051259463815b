with source as (
    select * from {{ source('salesforce', 'case_comment') }}
),

renamed as (
    select
        -- ids
        id as case_comment_id,
        parentid as case_id,
        createdbyid as created_by_id,

        -- texts
        commentbody as body,

        -- times
        try_to_timestamp_ntz(createddate) as created_at,
        try_to_timestamp_ntz(lastmodifieddate) as modified_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,
        coalesce(lower(ispublished) = 'true', false) as is_public,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
