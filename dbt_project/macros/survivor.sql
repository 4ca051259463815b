{#
    The columns of a golden record, each by the rule that the variable `survivorship` gives its field: a window over the records
    of its cluster, which have `component_id`, `trust_rank` (1 is asked first), `modified_at` and `address_rank` beside the fields.
#}
{% macro survivors(entity) -%}
    {% for field, declared in var('survivorship')[entity].items() -%}
    {{ survivor(field, declared.rule, declared.fit) }} as {{ field }}{{ ',' if not loop.last }}
    {% endfor %}
{%- endmacro %}


{#
    One of these columns. An address survives whole, also where its record leaves a part of it empty: the street of one record and
    the city of another are no place.
#}
{% macro survivor(field, rule, fit=none) -%}
    {%- set cluster = 'partition by component_id' -%}
    {%- set all_of_it = 'rows between unbounded preceding and unbounded following' -%}
    {%- set fit_first = 'iff(' ~ fit ~ ' is null, 1, 0), ' if fit else '' -%}
    {%- if rule == 'trusted' -%}
    first_value({{ field }}) ignore nulls over ({{ cluster }} order by {{ fit_first }}trust_rank {{ all_of_it }})
    {%- elif rule == 'recent' -%}
    first_value({{ field }}) ignore nulls over (
        {{ cluster }} order by {{ fit_first }}modified_at desc nulls last, trust_rank asc {{ all_of_it }}
    )
    {%- elif rule == 'fullest address' -%}
    first_value({{ field }}) over ({{ cluster }} order by address_rank, trust_rank {{ all_of_it }})
    {%- elif rule == 'earliest' -%}
    min({{ field }}) over ({{ cluster }})
    {%- elif rule == 'any' -%}
    boolor_agg({{ field }}) over ({{ cluster }})
    {%- else -%}
    {{ exceptions.raise_compiler_error("the survivorship of " ~ field ~ " has an unknown rule: " ~ rule) }}
    {%- endif -%}
{%- endmacro %}


{# How complete an address is: 1 what a letter can be sent to, 2 a part of it, 3 none. #}
{% macro address_rank(record) -%}
    case
        when {{ record }}.street is not null and coalesce({{ record }}.postal_code, {{ record }}.city) is not null then 1
        when coalesce({{ record }}.street, {{ record }}.city, {{ record }}.postal_code) is not null then 2
        else 3
    end
{%- endmacro %}
