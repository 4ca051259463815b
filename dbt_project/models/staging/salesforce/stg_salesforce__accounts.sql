with source as (
    select * from {{ source('salesforce', 'account') }}
),

renamed as (
    select
        -- ids
        id as account_id,
        parentid as parent_account_id,
        ownerid as owner_id,

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

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
