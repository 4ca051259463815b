{#
    What a target takes, and what becomes of a value that it would refuse: the mart leaves it out, names it in
    `_left_out`, and quality.quarantine says so. Limits of a type are declared once for each target, in the `limits` of
    its folder in dbt_project.yml; those of one property in its `config.meta.limit`.
#}
{% macro limits_of(model_meta, column) %}
    {%- set kind = column.data_type.split('(')[0] | lower -%}
    {%- set custom = column.config.meta.get('property') -%}
    {%- set declared = model_meta.get('limits', {}) -%}
    {%- set limits = dict(declared.get(kind, {})) -%}
    {%- if custom -%}
        {%- do limits.update(declared.get('custom ' ~ kind, {})) -%}
        {%- if custom.options -%}
            {%- set options = [] -%}
            {%- for option in custom.options -%}
                {%- do options.append(option if option is string else option.value) -%}
            {%- endfor -%}
            {%- do limits.update({'options': options, 'several': custom.field_type == 'checkbox'}) -%}
        {%- endif -%}
    {%- endif -%}
    {%- do limits.update(column.config.meta.get('limit', {})) -%}
    {{ return(limits) }}
{% endmacro %}


{#
    The checks that a property's limits ask for, as [check name, condition under which the value breaks it]. A null breaks
    none; `required` is no check of a value: a record without one is held back by a check of its own.
#}
{% macro limit_checks(value, limits) %}
    {%- set checks = [] -%}
    {%- if limits.longest -%}
        {%- do checks.append(['limit_length', 'length(' ~ value ~ ') > ' ~ limits.longest]) -%}
    {%- endif -%}
    {%- if limits.options -%}
        {%- set options = "'" ~ limits.options | map('replace', "'", "''") | join("', '") ~ "'" -%}
        {%- if limits.several -%}
            {%- set strange = "array_except(split(" ~ value ~ ", ';'), array_construct(" ~ options ~ "))" -%}
            {%- do checks.append(['limit_options', 'array_size(' ~ strange ~ ') > 0']) -%}
        {%- else -%}
            {%- do checks.append(['limit_options', value ~ ' not in (' ~ options ~ ')']) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if limits.email -%}
        {%- do checks.append(['limit_email', 'not ' ~ is_email(value)]) -%}
    {%- endif -%}
    {%- if limits.phone -%}
        {%- do checks.append(['limit_phone', 'not ' ~ is_phone(value)]) -%}
    {%- endif -%}
    {%- if limits.earliest -%}
        {%- do checks.append([
            'limit_date', value ~ " not between '" ~ limits.earliest ~ "' and '" ~ limits.latest ~ "'"
        ]) -%}
    {%- endif -%}
    {%- if limits.precision == 'double' -%}
        {%- do checks.append([
            'limit_precision', 'cast(cast(' ~ value ~ ' as double) as number(38, 2)) <> ' ~ value
        ]) -%}
    {%- endif -%}
    {%- if limits.largest -%}
        {%- do checks.append(['limit_size', 'abs(' ~ value ~ ') > ' ~ limits.largest]) -%}
    {%- endif -%}
    {{ return(checks) }}
{% endmacro %}


{# The value of a property as it is sent: null where it breaks one of the checks. #}
{% macro within_limits(value, checks) -%}
    {%- if checks -%}
    iff({{ checks | map(attribute=1) | join(' or ') }}, null, {{ value }})
    {%- else -%}
    {{ value }}
    {%- endif -%}
{%- endmacro %}


{# What of a row is left out: `property|check` for each, separated by commas; `checks` by the property's name. #}
{% macro left_out(checks) -%}
    array_to_string(array_construct_compact(
        {%- for name, own in checks.items() %}
        {%- set outer = loop %}
        {%- for check, is_broken in own %}
        iff({{ is_broken }}, '{{ name }}|{{ check }}', null){{ ',' if not (outer.last and loop.last) }}
        {%- endfor %}
        {%- endfor %}
    ), ',')
{%- endmacro %}


{#
    Whether a text has the digits of a telephone number: 7 to 15 of them (E.164 allows no more), not zeros alone, with the
    extension, however it is written, left aside.
#}
{% macro is_phone(column) -%}
    {%- set digits = "regexp_replace(" ~ without_extension(column) ~ ", '[^0-9]', '')" -%}
    (length({{ digits }}) between 7 and 15 and regexp_like({{ digits }}, '0*[1-9][0-9]*'))
{%- endmacro %}
