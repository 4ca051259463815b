-- A live source record without a crosswalk row, or with a golden record that no mart source has, would be lost.
with people_and_companies as (
    select contact_id as record_id from {{ ref('stg_salesforce__contacts') }} where not is_deleted
    union all
    select lead_id as record_id from {{ ref('stg_salesforce__leads') }} where not is_deleted
    union all
    select account_id as record_id from {{ ref('stg_salesforce__accounts') }} where not is_deleted
),

unmerged as (
    {% for object, source_object, model, id in unmerged_records() %}
    select {{ id }} as record_id from {{ ref(model) }} where not is_deleted
    union all
    {% endfor %}
    select task_id as record_id from {{ ref('int_activities_classified') }}
    union all
    select note_id as record_id from {{ ref('int_activities_notes') }}
),

source_records as (
    select record_id from people_and_companies
    union all
    select record_id from unmerged
),

golden_records as (
    select golden_id from {{ ref('int_people_merged') }}
    union all
    select golden_id from {{ ref('int_companies_merged') }}
    union all
    select record_id as golden_id from unmerged
)

select
    source_records.record_id,
    crosswalk.golden_id
from source_records
left join {{ ref('int_records_crosswalk') }} as crosswalk on source_records.record_id = crosswalk.record_id
left join golden_records on crosswalk.golden_id = golden_records.golden_id
where golden_records.golden_id is null
