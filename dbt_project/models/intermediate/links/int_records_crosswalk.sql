with people as (
    select
        'contacts' as object,
        source_object,
        record_id,
        golden_id
    from {{ ref('int_people_crosswalk') }}
),

-- an account that is a person is the contact that Salesforce keeps behind it
person_accounts as (
    select
        'contacts' as object,
        'Account' as source_object,
        accounts.account_id as record_id,
        people.golden_id
    from {{ ref('stg_salesforce__accounts') }} as accounts
    inner join people on accounts.person_contact_id = people.record_id
    where accounts.is_person_account and not accounts.is_deleted
),

companies as (
    select
        'companies' as object,
        source_object,
        record_id,
        golden_id
    from {{ ref('int_companies_crosswalk') }}
),

tasks as (
    {% for object in ['tasks', 'calls', 'emails'] %}
    select
        '{{ object }}' as object,
        'Task' as source_object,
        task_id as record_id,
        golden_id
    from {{ ref('int_activities_classified') }}
    where object = '{{ object }}'
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

notes as (
    select
        'notes' as object,
        source_object,
        note_id as record_id,
        golden_id
    from {{ ref('int_activities_notes') }}
),

-- what is never merged stands for itself
{% for object, source_object, model, id in unmerged_records() %}
{{ object }} as (
    select
        '{{ object }}' as object,
        '{{ source_object }}' as source_object,
        {{ id }} as record_id,
        {{ id }} as golden_id
    from {{ ref(model) }}
    where not is_deleted
),

{% endfor %}
records as (
    {%- set merged = ['people', 'person_accounts', 'companies', 'tasks', 'notes'] -%}
    {% for part in merged + unmerged_records() | map(attribute=0) | list %}
    select
        object,
        source_object,
        record_id,
        golden_id
    from {{ part }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    object,
    source_object,
    record_id,
    golden_id
from records
