with source as (
    select * from {{ source('salesforce', 'opportunity') }}
),

renamed as (
    select
        -- ids
        id as opportunity_id,
        accountid as account_id,
        ownerid as owner_id,
        recordtypeid as record_type_id,

        -- texts
        nullif(trim(name), '') as opportunity_name,
        description,
        nullif(trim(stagename), '') as stage_name,
        nullif(trim(type), '') as opportunity_type,
        nullif(trim(nextstep), '') as next_step,
        nullif(trim(leadsource), '') as lead_source,
        nullif(trim(loss_reason__c), '') as loss_reason,
        nullif(trim(currencyisocode), '') as currency_code,

        -- numbers
        try_to_decimal(amount, 18, 2) as amount,

        -- dates and times
        try_to_date(closedate) as close_date,
        try_to_timestamp_ntz(createddate) as created_at,
        try_to_timestamp_ntz(lastmodifieddate) as modified_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,
        coalesce(lower(isclosed) = 'true', false) as is_closed,
        coalesce(lower(iswon) = 'true', false) as is_won,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
