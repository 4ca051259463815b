with contacts as (
    select * from {{ ref('stg_contacts') }} where not is_deleted
),

cases as (
    select
        contact_id,
        count(*) as case_count
    from {{ ref('stg_cases') }}
    group by contact_id
),

countries as (
    select * from {{ ref('countries') }}
)

select
    contacts.contact_id as _record_key,
    md5(concat_ws('|', contacts.contact_id, coalesce(contacts.last_name, ''))) as _row_hash,
    contacts.last_name as lastname,
    contacts.email,
    countries.name as country,
    contacts.salary::number(18, 2) as salary,
    coalesce(cases.case_count, 0)::number(38, 0) as case_count,
    contacts.is_deleted as archived,
    contacts.modified_at::date as modified_on,
    contacts.modified_at as modified_at,
    (contacts.salary / 3)::double as share
from contacts
left join cases on contacts.contact_id = cases.contact_id
left join countries on contacts.country_code = countries.code
