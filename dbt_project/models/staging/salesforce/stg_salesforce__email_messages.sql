with source as (
    select * from {{ source('salesforce', 'email_message') }}
),

renamed as (
    select
        -- ids
        id as email_message_id,
        parentid as case_id,
        activityid as activity_id,
        relatedtoid as related_to_id,
        createdbyid as created_by_id,

        -- texts
        nullif(trim(subject), '') as subject,
        textbody as text_body,
        htmlbody as html_body,
        nullif(trim(fromname), '') as from_name,
        nullif(trim(fromaddress), '') as from_address,
        nullif(trim(toaddress), '') as to_address,
        nullif(trim(ccaddress), '') as cc_address,
        nullif(trim(bccaddress), '') as bcc_address,
        nullif(trim(status), '') as message_status,

        -- times
        try_to_timestamp_ntz(messagedate) as sent_at,
        try_to_timestamp_ntz(createddate) as created_at,
        try_to_timestamp_ntz(lastmodifieddate) as modified_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,
        coalesce(lower(incoming) = 'true', false) as is_incoming,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
