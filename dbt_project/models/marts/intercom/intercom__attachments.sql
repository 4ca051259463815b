with links as (
    select distinct
        from_key,
        to_key
    from {{ ref('int_links_resolved') }}
    where disposition = 'kept' and from_object = 'contacts' and to_object = 'companies'
),

mapped as (
    select
        from_key || '>' || to_key as _record_key,
        from_key as contact_key,
        to_key as company_key
    from links
)

select
    {{ sent_columns() }}
from mapped
