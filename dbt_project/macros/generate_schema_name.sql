{# The folder's schema is the schema: `marts_hubspot`, not `<target schema>_marts_hubspot`. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
