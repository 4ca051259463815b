with source as (
    select * from {{ source('salesforce', 'account') }}
),

renamed as (
    select
        -- ids
        id as account_id,
        parentid as parent_account_id,
        ownerid as owner_id,
        personcontactid as person_contact_id,

        -- texts
        nullif(trim(name), '') as account_name,
        nullif(trim(type), '') as account_type,
        nullif(trim(industry), '') as industry,
        nullif(trim(rating), '') as rating,
        nullif(trim(accountsource), '') as account_source,
        description,
        nullif(trim(phone), '') as phone,
        nullif(trim(website), '') as website,
        nullif(trim(customer_tier__c), '') as customer_tier,

        -- what only an account that is a person has
        nullif(trim(salutation), '') as person_salutation,
        nullif(trim(firstname), '') as person_first_name,
        nullif(trim(lastname), '') as person_last_name,
        nullif(trim(personemail), '') as person_email,
        nullif(trim(personmobilephone), '') as person_mobile_phone,
        nullif(trim(persontitle), '') as person_job_title,
        nullif(trim(personleadsource), '') as person_lead_source,
        nullif(trim(personmailingstreet), '') as person_street,
        nullif(trim(personmailingcity), '') as person_city,
        nullif(trim(personmailingstate), '') as person_state,
        nullif(trim(personmailingpostalcode), '') as person_postal_code,
        nullif(trim(personmailingcountry), '') as person_country,

        -- address
        nullif(trim(billingstreet), '') as street,
        nullif(trim(billingcity), '') as city,
        nullif(trim(billingstate), '') as state,
        nullif(trim(billingpostalcode), '') as postal_code,
        nullif(trim(billingcountry), '') as country,

        -- numbers
        try_to_decimal(annualrevenue, 18, 2) as annual_revenue,
        try_to_decimal(numberofemployees, 38, 0) as employee_count,

        -- dates and times
        try_to_date(contract_end__c) as contract_end_date,
        try_to_timestamp_ntz(createddate) as created_at,
        try_to_timestamp_ntz(lastmodifieddate) as modified_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,
        coalesce(lower(ispersonaccount) = 'true', false) as is_person_account,
        coalesce(lower(personhasoptedoutofemail) = 'true', false) as is_person_email_opt_out,
        coalesce(lower(persondonotcall) = 'true', false) as is_person_do_not_call,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
