{#
    Masking policies and tags for the columns of a model that have `config.meta.pii`; a post-hook of every model, because
    `create or replace` takes them off. Only an account has policies: elsewhere, and without the variable
    masking_policies, it gives nothing. `migrate masking` prints the policies, and the same for tables that dbt does not make.
#}
{% macro protect_personal_data() -%}
    {%- if execute and target.name == 'snowflake' and var('masking_policies', false) -%}
        {%- set kind = 'view' if model.config.materialized == 'view' else 'table' -%}
        {%- for column in model.columns.values() if column.config.meta.get('pii') -%}
            {%- set policy = masking_policy(column.data_type or 'varchar') -%}
            alter {{ kind }} {{ this }} modify column {{ column.name }} set masking policy {{ policy }} force;
            alter {{ kind }} {{ this }} modify column {{ column.name }} set tag {{ target.database }}.ops.personal = 'yes';
        {% endfor -%}
    {%- endif -%}
{%- endmacro %}


{# The policy for a column of a type; a policy takes one type. #}
{% macro masking_policy(data_type) -%}
    {%- set type = data_type | lower -%}
    {%- set name = 'text' -%}
    {%- if type.startswith('number') or type == 'double' -%} {%- set name = 'number' -%}
    {%- elif type == 'date' -%} {%- set name = 'date' -%}
    {%- elif type.startswith('timestamp') -%} {%- set name = 'timestamp' -%}
    {%- elif type == 'boolean' -%} {%- set name = 'boolean' -%}
    {%- endif -%}
    {{ target.database }}.ops.mask_{{ name }}
{%- endmacro %}
