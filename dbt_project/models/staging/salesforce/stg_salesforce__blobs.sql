with source as (
    select * from {{ source('salesforce', 'blobs') }}
),

renamed as (
    select
        -- ids
        record_id,

        -- texts
        object as source_object,
        stage_path,
        sha256,

        -- numbers
        bytes as file_bytes
    from source
)

select * from renamed
