{# What a record mart ends with: its key, the digest, and each column of the contract, which is declared once. #}
{% macro sent_columns() -%}
    _record_key,
    {{ row_hash() }} as _row_hash
    {%- for name in model.columns if not name.startswith('_') %},
    {{ name }}
    {%- endfor %}
{%- endmacro %}
