{#
    A digest of all that is sent for one record: every column of the model's contract except those that begin with
    an underscore. The loader sends a record again only when this value differs from the one it last sent.
#}
{% macro row_hash() -%}
    {%- set parts = [] -%}
    {%- for name in model.columns if not name.startswith('_') -%}
        {%- do parts.append("coalesce(cast(" ~ name ~ " as varchar), chr(30))") -%}
    {%- endfor -%}
    md5({{ parts | join(" || chr(31) || ") if parts else "''" }})
{%- endmacro %}
