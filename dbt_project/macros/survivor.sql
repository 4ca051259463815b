{#
    The value of the best-ranked record of the cluster that has one: `trust_rank` 1 is asked first.

    With `given`, a flag that several columns share, the columns are taken from one and the same record, also where
    that record leaves one of them empty.
#}
{% macro survivor(column, given=none) -%}
    {%- set value = "iff(" ~ given ~ ", coalesce(" ~ column ~ ", ''), null)" if given else column -%}
    {%- set best -%}
        first_value({{ value }}) ignore nulls over (
            partition by component_id
            order by trust_rank
            rows between unbounded preceding and unbounded following
        )
    {%- endset -%}
    {{ "nullif(" ~ best ~ ", '')" if given else best }}
{%- endmacro %}
