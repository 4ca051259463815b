with source as (
    select * from {{ source('salesforce', 'event') }}
),

renamed as (
    select
        -- ids
        id as event_id,
        whoid as who_id,
        whatid as what_id,
        ownerid as owner_id,

        -- texts
        nullif(trim(subject), '') as subject,
        nullif(trim(location), '') as location,
        description,

        -- numbers
        try_to_decimal(durationinminutes, 38, 0) as duration_minutes,

        -- times
        coalesce(try_to_timestamp_ntz(startdatetime), try_to_timestamp_ntz(activitydatetime)) as started_at,
        try_to_timestamp_ntz(enddatetime) as ended_at,
        try_to_timestamp_ntz(createddate) as created_at,
        try_to_timestamp_ntz(lastmodifieddate) as modified_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,
        coalesce(lower(isalldayevent) = 'true', false) as is_all_day,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
