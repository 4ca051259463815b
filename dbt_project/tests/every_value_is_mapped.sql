-- A value that no row of its value map names, with the rows that it stops; quality.unmapped_values keeps the list.
{{ config(severity='warn', store_failures=true, schema='quality', alias='unmapped_values') }}

select
    check_name,
    object,
    field,
    scope,
    problem,
    count(*) as rows_stopped
from {{ ref('quarantine') }}
where endswith(check_name, '_unmapped')
group by check_name, object, field, scope, problem
