{# The properties among the columns of a mart's contract: all but the underscored ones, which are our own. #}
{% macro property_names(columns) %}
    {%- set names = [] -%}
    {%- for name in columns if not name.startswith('_') -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}


{# How many properties are sent for a record of this mart. #}
{% macro property_count(mart) %}
    {%- if execute -%}
        {{ return(property_names(graph.nodes['model.' ~ project_name ~ '.' ~ mart].columns) | length) }}
    {%- endif -%}
    {{ return(0) }}
{% endmacro %}


{#
    A digest of all that is sent for one record. The loader sends a record again only when it differs from the one
    that it last sent.
#}
{% macro row_hash() -%}
    {%- set parts = [] -%}
    {%- for name in property_names(model.columns) -%}
        {%- do parts.append("coalesce(cast(" ~ name ~ " as varchar), chr(30))") -%}
    {%- endfor -%}
    md5({{ parts | join(" || chr(31) || ") if parts else "''" }})
{%- endmacro %}


{# What a mart ends with: its key, the digest, and each property of the contract, where they are declared once. #}
{% macro sent_columns() -%}
    _record_key,
    {{ row_hash() }} as _row_hash
    {%- for name in property_names(model.columns) %},
    {{ name }}
    {%- endfor %}
{%- endmacro %}
