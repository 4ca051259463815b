with source as (
    select * from {{ source('salesforce', 'campaign_member') }}
),

renamed as (
    select
        -- ids
        id as campaign_member_id,
        campaignid as campaign_id,
        contactid as contact_id,
        leadid as lead_id,

        -- texts
        nullif(trim(status), '') as member_status,

        -- dates and times
        try_to_date(firstrespondeddate) as first_responded_date,
        try_to_timestamp_ntz(createddate) as created_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,
        coalesce(lower(hasresponded) = 'true', false) as has_responded,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
