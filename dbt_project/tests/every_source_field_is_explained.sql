-- A field of the org that is neither mapped nor in the seed left_behind: nobody has decided what becomes of it.
{{ config(severity='warn') }}

select
    source_object,
    source_field,
    field_label,
    field_type
from {{ ref('mapping_coverage') }}
where status = 'unexplained'
