with source as (
    select * from {{ source('salesforce', 'campaign') }}
),

renamed as (
    select
        -- ids
        id as campaign_id,
        parentid as parent_campaign_id,
        ownerid as owner_id,

        -- texts
        nullif(trim(name), '') as campaign_name,
        nullif(trim(type), '') as campaign_type,
        nullif(trim(status), '') as campaign_status,
        description,

        -- numbers
        try_to_decimal(budgetedcost, 18, 2) as budgeted_cost,
        try_to_decimal(actualcost, 18, 2) as actual_cost,

        -- dates and times
        try_to_date(startdate) as start_date,
        try_to_date(enddate) as end_date,
        try_to_timestamp_ntz(createddate) as created_at,
        try_to_timestamp_ntz(lastmodifieddate) as modified_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,
        coalesce(lower(isactive) = 'true', false) as is_active,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
