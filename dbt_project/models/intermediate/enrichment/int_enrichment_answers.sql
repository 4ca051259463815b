{{ config(materialized='incremental', unique_key='input_key') }}
{# `dbt compile --no-introspect`, which the lineage is read from, asks no warehouse whether the table is there #}
{%- set answered_by = 'cortex' if var('cortex_enabled', false) else 'rule' %}

with inputs as (
    select
        question,
        input_key,
        min(input) as input
    from {{ ref('int_enrichment_inputs') }}
    group by question, input_key
),

-- each text is asked about once; an answer by a rule gives way to the model's, and never the other way round
answered as (
    {%- if flags.INTROSPECT and is_incremental() %}
    select input_key
    from {{ this }}
    where answered_by in ('{{ answered_by }}', 'cortex')
    {%- else %}
    select cast(null as varchar) as input_key
    {%- endif %}
),

asked as (
    select
        inputs.question,
        inputs.input_key,
        inputs.input
    from inputs
    left join answered on inputs.input_key = answered.input_key
    where answered.input_key is null
)

-- a select for each question, so that the model sees the texts of its own question only
{% for question in enrichment_questions() %}
select
    question,
    input_key,
    {{ enrichment_answer(question, 'input') }} as answer,
    '{{ answered_by }}' as answered_by
from asked
where question = '{{ question }}'
{{ 'union all' if not loop.last }}
{% endfor %}
