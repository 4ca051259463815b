-- A value that staging cannot read as what it should be is null there, and in the targets: a warning with the count.
{{ config(severity='warn') }}

select
    source_object,
    record_id,
    source_field,
    reason
from {{ ref('unfit_values') }}
