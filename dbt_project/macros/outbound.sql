{#
    The record marts that have an exposure, as [target, object]; dbt needs them while parsing, before it knows the
    exposures, so they stand here too. A test compares both.
#}
{% macro outbound_records() %}
    {{ return([
        ('hubspot', 'companies'),
        ('hubspot', 'contacts'),
        ('hubspot', 'products'),
        ('hubspot', 'deals'),
        ('hubspot', 'line_items'),
        ('hubspot', 'tickets'),
        ('hubspot', 'p_subscription'),
        ('hubspot', 'notes'),
        ('hubspot', 'tasks'),
        ('hubspot', 'calls'),
        ('hubspot', 'meetings'),
        ('hubspot', 'emails'),
        ('intercom', 'companies'),
        ('intercom', 'contacts'),
        ('intercom', 'tickets'),
        ('intercom', 'tags'),
        ('intercom', 'contact_notes'),
        ('intercom', 'ticket_notes'),
    ]) }}
{% endmacro %}



{# The policy of an exposure of the outbound marts; see docs/load.md. #}
{% macro policy_of(target, object) %}
    {%- for exposure in (graph.exposures.values() if execute else []) -%}
        {%- set meta = exposure.config.meta -%}
        {%- if meta.get('target') == target and meta.get('object') == object -%}
            {{ return(meta.get('policy', 'upsert')) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return('upsert') }}
{% endmacro %}


{# Records that are never merged: the object in the targets, the one in Salesforce, the staged model, and its id. #}
{% macro unmerged_records() %}
    {{ return([
        ('deals', 'Opportunity', 'stg_salesforce__opportunities', 'opportunity_id'),
        ('products', 'Product2', 'stg_salesforce__products', 'product_id'),
        ('line_items', 'OpportunityLineItem', 'stg_salesforce__opportunity_line_items', 'opportunity_line_item_id'),
        ('tickets', 'Case', 'stg_salesforce__cases', 'case_id'),
        ('meetings', 'Event', 'stg_salesforce__events', 'event_id'),
        ('emails', 'EmailMessage', 'stg_salesforce__email_messages', 'email_message_id'),
        ('p_subscription', 'Subscription__c', 'stg_salesforce__subscriptions', 'subscription_id'),
    ]) }}
{% endmacro %}


{# The Salesforce sources whose records become records of a target, as [object, source table]. #}
{% macro migrated_sources() %}
    {{ return([
        ('Account', 'account'),
        ('Contact', 'contact'),
        ('Lead', 'lead'),
        ('Opportunity', 'opportunity'),
        ('Product2', 'product2'),
        ('OpportunityLineItem', 'opportunity_line_item'),
        ('Case', 'case'),
        ('CaseComment', 'case_comment'),
        ('EmailMessage', 'email_message'),
        ('Task', 'task'),
        ('Event', 'event'),
        ('Note', 'note'),
        ('ContentVersion', 'content_version'),
        ('Attachment', 'attachment'),
        ('Subscription__c', 'subscription'),
    ]) }}
{% endmacro %}


{# The staged models whose records have an owner or an author, each with the column that names the user. #}
{% macro owned_models() %}
    {{ return([
        ('accounts', 'owner_id'),
        ('contacts', 'owner_id'),
        ('leads', 'owner_id'),
        ('opportunities', 'owner_id'),
        ('cases', 'owner_id'),
        ('tasks', 'owner_id'),
        ('events', 'owner_id'),
        ('notes', 'owner_id'),
        ('content_versions', 'owner_id'),
        ('attachments', 'owner_id'),
        ('subscriptions', 'owner_id'),
        ('case_comments', 'created_by_id'),
        ('email_messages', 'created_by_id'),
    ]) }}
{% endmacro %}
