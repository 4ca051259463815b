{#-
    The same five properties of an object on both sides: those without which a person cannot work with a record. Each
    row: side, object, model, id, and the properties; of two names one is enough.
-#}
{%- set profiles = [
    ('source', 'contacts', 'stg_salesforce__contacts', 'contact_id',
        ['email', 'first_name', 'last_name', 'coalesce(phone, mobile_phone)', 'job_title']),
    ('source', 'contacts', 'stg_salesforce__leads', 'lead_id',
        ['email', 'first_name', 'last_name', 'coalesce(phone, mobile_phone)', 'job_title']),
    ('source', 'companies', 'stg_salesforce__accounts', 'account_id',
        ['account_name', 'website', 'phone', 'industry', 'country']),
    ('source', 'deals', 'stg_salesforce__opportunities', 'opportunity_id',
        ['opportunity_name', 'amount', 'stage_name', 'close_date', 'owner_id']),
    ('source', 'tickets', 'stg_salesforce__cases', 'case_id',
        ['subject', 'description', 'case_status', 'priority', 'owner_id']),
    ('source', 'products', 'stg_salesforce__products', 'product_id',
        ['product_name', 'description', 'coalesce(stock_keeping_unit, product_code)', 'family', 'is_active']),
    ('source', 'line_items', 'stg_salesforce__opportunity_line_items', 'opportunity_line_item_id',
        ['line_item_name', 'product_id', 'quantity', 'unit_price', 'list_price']),
    ('source', 'meetings', 'stg_salesforce__events', 'event_id',
        ['subject', 'started_at', 'ended_at', 'location', 'owner_id']),
    ('source', 'p_subscription', 'stg_salesforce__subscriptions', 'subscription_id',
        ['subscription_name', 'plan', 'seats', 'monthly_price', 'owner_id']),
    ('mart', 'contacts', 'hubspot__contacts', '_record_key',
        ['email', 'firstname', 'lastname', 'coalesce(phone, mobilephone)', 'jobtitle']),
    ('mart', 'companies', 'hubspot__companies', '_record_key',
        ['name', 'website', 'phone', 'industry', 'country']),
    ('mart', 'deals', 'hubspot__deals', '_record_key',
        ['dealname', 'amount', 'dealstage', 'closedate', 'hubspot_owner_id']),
    ('mart', 'tickets', 'hubspot__tickets', '_record_key',
        ['subject', 'content', 'hs_pipeline_stage', 'hs_ticket_priority', 'hubspot_owner_id']),
    ('mart', 'products', 'hubspot__products', '_record_key',
        ['name', 'description', 'hs_sku', 'salesforce_product_family', 'salesforce_is_active']),
    ('mart', 'line_items', 'hubspot__line_items', '_record_key',
        ['name', 'hs_product_id', 'quantity', 'price', 'salesforce_list_price']),
    ('mart', 'meetings', 'hubspot__meetings', '_record_key',
        ['hs_meeting_title', 'hs_timestamp', 'hs_meeting_end_time', 'hs_meeting_location', 'hubspot_owner_id']),
    ('mart', 'p_subscription', 'hubspot__p_subscription', '_record_key',
        ['subscription_name', 'plan', 'seats', 'monthly_price', 'hubspot_owner_id']),
] -%}
with profiled as (
    {% for side, object, model, id, properties in profiles %}
    select
        '{{ side }}' as side,
        '{{ object }}' as object,
        {{ id }} as record_id,
        {% for property in properties -%}
        iff({{ property }} is null, 0, 1){{ ' + ' if not loop.last }}
        {%- endfor %} as filled,
        {{ properties | length }} as asked,
        {{ 'modified_at' if side == 'source' else 'null' }} as modified_at
    from {{ ref(model) }}
    {{ 'where not is_deleted' if side == 'source' }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    side,
    object,
    record_id,
    filled,
    asked,
    modified_at
from profiled
