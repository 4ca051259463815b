{{ config(materialized='incremental', unique_key='contact_id', incremental_strategy='merge', on_schema_change='append_new_columns') }}

select
    contact_id,
    last_name,
    modified_at
from {{ ref('stg_contacts') }}
{% if is_incremental() %}
where modified_at > (select max(seen.modified_at) from {{ this }} as seen)
{% endif %}
