with cases as (
    select
        case_id,
        coalesce(subject || ': ' || description, subject, description) as request
    from {{ ref('stg_salesforce__cases') }}
    where not is_deleted and coalesce(subject, description) is not null
),

companies as (
    select
        golden_id,
        industry
    from {{ ref('int_companies_merged') }}
    where industry is not null
),

industries as (
    select salesforce_industry
    from {{ ref('map_industry') }}
),

people as (
    select
        golden_id,
        job_title
    from {{ ref('int_people_merged') }}
    where job_title is not null
),

asked as (
    {% for question in ['ticket_category', 'ticket_priority', 'language'] %}
    select
        '{{ question }}' as question,
        'tickets' as object,
        case_id as record_id,
        left(translate(request, chr(10) || chr(13), '  '), 1000) as input
    from cases
    union all
    {% endfor %}
    -- an industry that the value map knows needs no guess
    select
        'industry' as question,
        'companies' as object,
        companies.golden_id as record_id,
        companies.industry as input
    from companies
    left join industries on companies.industry = industries.salesforce_industry
    where industries.salesforce_industry is null
    union all
    select
        'job_seniority' as question,
        'contacts' as object,
        golden_id as record_id,
        job_title as input
    from people
)

select
    question,
    object,
    record_id,
    md5(question || chr(31) || input) as input_key,
    input
from asked
