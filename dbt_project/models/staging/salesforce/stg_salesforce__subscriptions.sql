with source as (
    select * from {{ source('salesforce', 'subscription') }}
),

renamed as (
    select
        -- ids
        id as subscription_id,
        account__c as account_id,
        primary_contact__c as contact_id,
        ownerid as owner_id,

        -- texts
        nullif(trim(name), '') as subscription_name,
        nullif(trim(plan__c), '') as plan,

        -- numbers
        try_to_decimal(seats__c, 18, 0) as seats,
        try_to_decimal(monthly_price__c, 16, 2) as monthly_price,

        -- dates and times
        try_to_date(start_date__c) as start_date,
        try_to_date(end_date__c) as end_date,
        try_to_timestamp_ntz(createddate) as created_at,
        try_to_timestamp_ntz(lastmodifieddate) as modified_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,
        coalesce(lower(auto_renew__c) = 'true', false) as is_auto_renewed,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
