with inputs as (
    select
        question,
        object,
        record_id,
        input_key
    from {{ ref('int_enrichment_inputs') }}
),

answers as (
    select
        input_key,
        answer,
        answered_by
    from {{ ref('int_enrichment_answers') }}
)

select
    inputs.object,
    inputs.record_id,
    inputs.question,
    answers.answer,
    answers.answered_by
from inputs
inner join answers on inputs.input_key = answers.input_key
