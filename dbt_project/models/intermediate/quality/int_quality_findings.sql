{% set checks = [
    'int_quality_people_unidentified',
    'int_quality_people_email_invalid',
    'int_quality_people_email_shared',
    'int_quality_people_lead_status_unmapped',
    'int_quality_companies_unnamed',
    'int_quality_companies_industry_unmapped',
    'int_quality_companies_website_invalid',
    'int_quality_deals_stage_unmapped',
    'int_quality_deals_type_unmapped',
    'int_quality_tickets_status_unmapped',
    'int_quality_tickets_priority_unmapped',
    'int_quality_tickets_origin_unmapped',
    'int_quality_tasks_status_unmapped',
    'int_quality_tasks_priority_unmapped',
    'int_quality_subscriptions_plan_unmapped',
    'int_quality_links_role_unmapped',
    'int_quality_tickets_type_unmapped',
    'int_quality_tickets_contactless',
    'int_quality_notes_homeless',
    'int_quality_links_orphaned',
] %}

with findings as (
    {% for check in checks %}
    select
        check_name,
        object,
        record_id,
        field,
        scope,
        problem
    from {{ ref(check) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    check_name,
    object,
    record_id,
    field,
    scope,
    problem
from findings
