{{ config(materialized='incremental', unique_key='contact_id', incremental_strategy='delete+insert') }}

select
    contact_id,
    last_name,
    modified_at
from {{ ref('stg_contacts') }}
