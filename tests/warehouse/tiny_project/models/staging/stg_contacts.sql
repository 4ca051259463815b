with source as (
    select * from {{ source('salesforce', 'contacts') }}
),

renamed as (
    select
        id as contact_id,
        nullif(trim(lastname), '') as last_name,
        lower(email) as email,
        upper(mailingcountrycode) as country_code,
        try_to_decimal(salary__c, 18, 2) as salary,
        try_to_boolean(isdeleted) as is_deleted,
        to_timestamp_ntz(lastmodifieddate) as modified_at,
        _extracted_at
    from source
)

select * from renamed
