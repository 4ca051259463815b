with source as (
    select * from {{ source('ops', 'load_ledger') }}
),

renamed as (
    select
        -- ids
        target,
        object,
        record_key,
        target_id
    from source
)

select * from renamed
