{# The properties among the columns of a mart's contract: all but the underscored ones, which are our own. #}
{% macro property_names(columns) %}
    {%- set names = [] -%}
    {%- for name in columns if not name.startswith('_') -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}


{#
    The properties of a record mart's contract that can be read back, all but those with `meta.is_unread`: `{name, data_type, is_custom, read_at, is_pii, refers_to}` each. dbt's graph is known neither while
    parsing nor in a unit test, which says what it compares by overriding this macro.
#}
{% macro contract_properties(mart) %}
    {%- set properties = [] -%}
    {%- if execute -%}
        {%- set columns = graph.nodes['model.' ~ project_name ~ '.' ~ mart].columns -%}
        {%- for name in property_names(columns) if not columns[name].config.meta.get('is_unread') -%}
            {%- set column = columns[name] -%}
            {%- do properties.append({
                'name': name,
                'data_type': column.data_type,
                'is_custom': 'property' in column.config.meta,
                'read_at': column.config.meta.get('read_at'),
                'is_pii': column.config.meta.get('pii', false),
                'refers_to': column.config.meta.get('refers_to')
            }) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(properties) }}
{% endmacro %}


{#
    A digest of all that is sent for one record. The loader sends a record again only when it differs from the one
    that it last sent. Times are written with a format of their own, since a session may set another as its default.
    `values` gives the SQL of each property by its name.
#}
{% macro row_hash(values) -%}
    {%- set parts = [] -%}
    {%- for name, value in values.items() -%}
        {%- set is_time = (model.columns[name].data_type or '').startswith('timestamp') -%}
        {%- set as_text = "to_char(" ~ value ~ ", 'YYYY-MM-DD HH24:MI:SS')" if is_time else "cast(" ~ value ~ " as varchar)" -%}
        {%- do parts.append("coalesce(" ~ as_text ~ ", chr(30))") -%}
    {%- endfor -%}
    md5({{ parts | join(" || chr(31) || ") if parts else "''" }})
{%- endmacro %}


{#
    What a mart ends with: its key, the digest, what its target would refuse and is therefore left out, and each property of
    the contract, where they are declared once. A unit test has no contract, so there it is all that the mart maps.
#}
{% macro sent_columns() -%}
    {%- if model.resource_type == 'unit_test' -%}
    *
    {%- else -%}
    {%- set checks, values = {}, {} -%}
    {%- for name in property_names(model.columns) -%}
        {%- set own = limit_checks(name, limits_of(model.config.meta, model.columns[name])) -%}
        {%- if own -%}{%- do checks.update({name: own}) -%}{%- endif -%}
        {%- do values.update({name: within_limits(name, own)}) -%}
    {%- endfor -%}
    _record_key,
    {{ row_hash(values) }} as _row_hash
    {%- if '_left_out' in model.columns %},
    {{ left_out(checks) }} as _left_out
    {%- endif %}
    {%- for name, value in values.items() %},
    {{ value }}{{ ' as ' ~ name if value != name }}
    {%- endfor %}
    {%- endif -%}
{%- endmacro %}
