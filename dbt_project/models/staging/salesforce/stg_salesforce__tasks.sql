with source as (
    select * from {{ source('salesforce', 'task') }}
),

renamed as (
    select
        -- ids
        id as task_id,
        whoid as who_id,
        whatid as what_id,
        ownerid as owner_id,

        -- texts
        nullif(trim(subject), '') as subject,
        description,
        nullif(trim(status), '') as task_status,
        nullif(trim(priority), '') as priority,
        coalesce(nullif(trim(tasksubtype), ''), 'Task') as task_subtype,
        nullif(trim(calltype), '') as call_type,

        -- numbers
        try_to_decimal(calldurationinseconds, 38, 0) as call_duration_seconds,

        -- dates and times
        try_to_date(activitydate) as due_date,
        try_to_timestamp_ntz(completeddatetime) as completed_at,
        try_to_timestamp_ntz(createddate) as created_at,
        try_to_timestamp_ntz(lastmodifieddate) as modified_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,
        coalesce(lower(isclosed) = 'true', false) as is_closed,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
