with source as (
    select * from {{ source('salesforce', 'lead') }}
),

renamed as (
    select
        -- ids
        id as lead_id,
        ownerid as owner_id,
        convertedcontactid as converted_contact_id,
        convertedaccountid as converted_account_id,

        -- texts
        nullif(trim(salutation), '') as salutation,
        nullif(trim(firstname), '') as first_name,
        nullif(trim(lastname), '') as last_name,
        nullif(trim(email), '') as email,
        nullif(trim(phone), '') as phone,
        nullif(trim(mobilephone), '') as mobile_phone,
        nullif(trim(title), '') as job_title,
        nullif(trim(company), '') as company_name,
        nullif(trim(website), '') as website,
        nullif(trim(status), '') as lead_status,
        nullif(trim(leadsource), '') as lead_source,

        -- address
        nullif(trim(street), '') as street,
        nullif(trim(city), '') as city,
        nullif(trim(state), '') as state,
        nullif(trim(postalcode), '') as postal_code,
        nullif(trim(country), '') as country,

        -- times
        try_to_timestamp_ntz(createddate) as created_at,
        try_to_timestamp_ntz(lastmodifieddate) as modified_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,
        coalesce(lower(isconverted) = 'true', false) as is_converted,
        coalesce(lower(hasoptedoutofemail) = 'true', false) as is_email_opt_out,
        coalesce(lower(donotcall) = 'true', false) as is_do_not_call,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
