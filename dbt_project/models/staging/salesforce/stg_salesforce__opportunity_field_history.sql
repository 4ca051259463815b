with source as (
    select * from {{ source('salesforce', 'opportunity_field_history') }}
),

renamed as (
    select
        -- ids
        id as opportunity_field_history_id,
        opportunityid as opportunity_id,

        -- texts
        field as field_name,
        nullif(trim(newvalue), '') as new_value,

        -- times
        try_to_timestamp_ntz(createddate) as changed_at,

        -- flags
        coalesce(_deleted, false) as is_deleted,

        -- what is none of the above types
        {{ unfit_fields() }} as unfit_fields
    from source
)

select * from renamed
