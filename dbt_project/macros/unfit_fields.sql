{#
    The fields of a staged record whose text is not of the type that its staging model casts it to: such a value becomes
    null there, and here it is named. Read from the model's own text, so that a new cast cannot be forgotten: each `try_to_…`
    of a source column, and each flag that is made by comparing one with 'true'.

    One text for each record, `field|type` separated by commas; empty where everything fits.
#}
{% macro unfit_fields() -%}
    {%- set checks = [] -%}
    {%- for cast, column, more in modules.re.findall('(try_to_[a-z_]+)\\(([a-z0-9_]+)((?:, *[0-9]+)*)\\)', model.raw_code) -%}
        {%- do checks.append([column, cast.split('_')[2], cast ~ '(' ~ column ~ more ~ ') is null']) -%}
    {%- endfor -%}
    {%- for column in modules.re.findall("lower\\(([a-z0-9_]+)\\) = 'true'", model.raw_code) -%}
        {%- do checks.append([column, 'boolean', 'lower(' ~ column ~ ") not in ('true', 'false')"]) -%}
    {%- endfor -%}
    array_to_string(array_construct_compact(
        {%- for column, type, is_unfit in checks %}
        iff(nullif(trim({{ column }}), '') is not null and {{ is_unfit }}, '{{ column }}|{{ type }}', null)
        {{- ',' if not loop.last }}
        {%- endfor %}
    ), ',')
{%- endmacro %}


{# The staged Salesforce models that cast something, each with its object and the column that holds its id. #}
{% macro casting_models() %}
    {{ return([
        ('Account', 'stg_salesforce__accounts', 'account_id'),
        ('Attachment', 'stg_salesforce__attachments', 'attachment_id'),
        ('Campaign', 'stg_salesforce__campaigns', 'campaign_id'),
        ('CampaignMember', 'stg_salesforce__campaign_members', 'campaign_member_id'),
        ('CaseComment', 'stg_salesforce__case_comments', 'case_comment_id'),
        ('Case', 'stg_salesforce__cases', 'case_id'),
        ('Contact', 'stg_salesforce__contacts', 'contact_id'),
        ('ContentVersion', 'stg_salesforce__content_versions', 'content_version_id'),
        ('EmailMessage', 'stg_salesforce__email_messages', 'email_message_id'),
        ('Event', 'stg_salesforce__events', 'event_id'),
        ('Lead', 'stg_salesforce__leads', 'lead_id'),
        ('Note', 'stg_salesforce__notes', 'note_id'),
        ('Opportunity', 'stg_salesforce__opportunities', 'opportunity_id'),
        ('OpportunityContactRole', 'stg_salesforce__opportunity_contact_roles', 'opportunity_contact_role_id'),
        ('OpportunityFieldHistory', 'stg_salesforce__opportunity_field_history', 'opportunity_field_history_id'),
        ('OpportunityLineItem', 'stg_salesforce__opportunity_line_items', 'opportunity_line_item_id'),
        ('Product2', 'stg_salesforce__products', 'product_id'),
        ('CurrencyType', 'stg_salesforce__currency_types', 'currency_type_id'),
        ('RecordType', 'stg_salesforce__record_types', 'record_type_id'),
        ('Subscription__c', 'stg_salesforce__subscriptions', 'subscription_id'),
        ('Task', 'stg_salesforce__tasks', 'task_id'),
        ('User', 'stg_salesforce__users', 'user_id'),
    ]) }}
{% endmacro %}
