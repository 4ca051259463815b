with findings as (
    select
        check_name,
        iff(scope in ('record', 'field'), null, scope) as target,
        object,
        record_id,
        field,
        scope,
        problem
    from {{ ref('int_quality_findings') }}
    union all
    select
        check_name,
        target,
        object,
        record_id,
        field,
        scope,
        problem
    from {{ ref('int_quality_limits') }}
),

checks as (
    select
        check_name,
        what_to_do
    from {{ ref('quality_checks') }}
)

select
    findings.check_name,
    findings.target,
    findings.object,
    findings.record_id,
    findings.field,
    findings.scope,
    findings.problem,
    checks.what_to_do
from findings
left join checks on findings.check_name = checks.check_name
