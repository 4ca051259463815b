with source as (
    select * from {{ source('salesforce', 'opportunity_contact_role') }}
),

renamed as (
    select
        -- ids
        id as opportunity_contact_role_id,
        opportunityid as opportunity_id,
        contactid as contact_id,

        -- texts
        nullif(trim(role), '') as role,

        -- times
        try_to_timestamp_ntz(createddate) as created_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,
        coalesce(lower(isprimary) = 'true', false) as is_primary,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
