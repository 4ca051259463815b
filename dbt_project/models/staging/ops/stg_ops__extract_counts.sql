with source as (
    select * from {{ source('ops', 'extract_count') }}
),

renamed as (
    select
        -- ids
        run_id,
        object as source_object,

        -- dates
        counted_at
    from source
)

select * from renamed
