with source as (
    select
        object,
        id,
        parse_json(payload) as payload
    from {{ source('hubspot', 'pipelines') }}
),

renamed as (
    select
        -- ids
        object,
        id as pipeline_id,

        -- texts
        payload:label::varchar as pipeline_label,

        -- documents
        payload:stages as stages
    from source
)

select * from renamed
