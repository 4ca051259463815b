with declared as (
    select
        object,
        pipeline,
        pipeline_label,
        stage,
        stage_label
    from {{ ref('hubspot_pipelines') }}
),

pipelines as (
    select
        object,
        pipeline_id,
        pipeline_label,
        stages
    from {{ ref('stg_hubspot__pipelines') }}
),

-- the loader takes the same: an id first, a label else
pipelines_found as (
    select
        declared.object,
        declared.pipeline,
        declared.stage,
        declared.stage_label,
        pipelines.pipeline_id,
        pipelines.stages
    from declared
    inner join pipelines
        on
            declared.object = pipelines.object
            and (
                declared.pipeline = pipelines.pipeline_id
                or lower(declared.pipeline_label) = lower(pipelines.pipeline_label)
            )
    qualify
        row_number() over (
            partition by declared.object, declared.stage
            order by iff(declared.pipeline = pipelines.pipeline_id, 0, 1), pipelines.pipeline_id
        ) = 1
),

held as (
    select
        pipelines_found.object,
        pipelines_found.stage,
        pipelines_found.stage_label,
        one.value:id::varchar as stage_id,
        one.value:label::varchar as held_label
    from pipelines_found,
        lateral flatten(input => pipelines_found.stages) as one
),

stages_found as (
    select
        object,
        stage,
        stage_id
    from held
    where stage = stage_id or lower(stage_label) = lower(held_label)
    qualify row_number() over (partition by object, stage order by iff(stage = stage_id, 0, 1), stage_id) = 1
)

select distinct
    object,
    'pipelines' as kind,
    pipeline as record_key,
    pipeline_id as hubspot_id
from pipelines_found
union all
select
    object,
    'stages' as kind,
    stage as record_key,
    stage_id as hubspot_id
from stages_found
