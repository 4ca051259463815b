with source as (
    select * from {{ source('salesforce', 'case') }}
),

renamed as (
    select
        -- ids
        id as case_id,
        accountid as account_id,
        contactid as contact_id,
        ownerid as owner_id,
        recordtypeid as record_type_id,

        -- texts
        nullif(trim(casenumber), '') as case_number,
        nullif(trim(subject), '') as subject,
        description,
        nullif(trim(type), '') as case_type,
        nullif(trim(status), '') as case_status,
        nullif(trim(reason), '') as reason,
        nullif(trim(origin), '') as origin,
        nullif(trim(priority), '') as priority,

        -- times
        try_to_timestamp_ntz(createddate) as created_at,
        try_to_timestamp_ntz(lastmodifieddate) as modified_at,
        try_to_timestamp_ntz(closeddate) as closed_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,
        coalesce(lower(isclosed) = 'true', false) as is_closed,
        coalesce(lower(isescalated) = 'true', false) as is_escalated,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
