with source as (
    select * from {{ source('salesforce', 'contact') }}
),

renamed as (
    select
        -- ids
        id as contact_id,
        accountid as account_id,
        ownerid as owner_id,

        -- texts
        nullif(trim(salutation), '') as salutation,
        nullif(trim(firstname), '') as first_name,
        nullif(trim(lastname), '') as last_name,
        nullif(trim(email), '') as email,
        nullif(trim(phone), '') as phone,
        nullif(trim(mobilephone), '') as mobile_phone,
        nullif(trim(title), '') as job_title,
        nullif(trim(department), '') as department,
        nullif(trim(leadsource), '') as lead_source,
        nullif(trim(preferred_language__c), '') as preferred_language,
        nullif(trim(birthdate), '') as birthdate,

        -- address
        nullif(trim(mailingstreet), '') as street,
        nullif(trim(mailingcity), '') as city,
        nullif(trim(mailingstate), '') as state,
        nullif(trim(mailingpostalcode), '') as postal_code,
        nullif(trim(mailingcountry), '') as country,

        -- times
        try_to_timestamp_ntz(createddate) as created_at,
        try_to_timestamp_ntz(lastmodifieddate) as modified_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,
        coalesce(lower(hasoptedoutofemail) = 'true', false) as is_email_opt_out,
        coalesce(lower(donotcall) = 'true', false) as is_do_not_call,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
