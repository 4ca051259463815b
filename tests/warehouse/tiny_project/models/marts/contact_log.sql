{{ config(materialized='incremental', incremental_strategy='append', transient=false) }}

select
    contact_id,
    current_timestamp()::timestamp_ntz as seen_at
from {{ ref('stg_contacts') }}
