{# The comparisons of an entity, people or companies. #}
{% macro comparisons(entity) %}
    {{ return(people_comparisons() if entity == 'people' else companies_comparisons()) }}
{% endmacro %}


{#
    SQL of how rare the value is that two records share, in bits: how surprising it would be by chance. Of two values
    that are only alike the commoner one counts.
#}
{% macro rarer(field) %}
    {{ return('least(one.' ~ field ~ '_rarity, other.' ~ field ~ '_rarity)') }}
{% endmacro %}


{#
    How rare a value is, in bits: minus the logarithm of its share among the records that have one. The two records
    that are compared do not speak for it being common, so they are taken off, but for a quarter, since a value may always
    have another bearer.
#}
{% macro rarity(bearers, known) -%}
    round(log(2, {{ known }} / greatest({{ bearers }} - 1.75, 0.25)), 2)
{%- endmacro %}


{#
    A CTE `<field>_rarities` for each field: how rare every value of `<field>_key` is among those of `records`. Counted by
    value and joined, because a window for each field would sort all the records for each.
#}
{% macro rarities(records, fields) -%}
{% for field in fields -%}
{{ field }}_rarities as (
    select
        {{ field }}_key,
        {{ rarity('count(*)', 'sum(count(*)) over ()') }} as rarity
    from {{ records }}
    where {{ field }}_key is not null
    group by {{ field }}_key
){{ ',' if not loop.last }}

{% endfor %}
{%- endmacro %}


{#
    CTEs up to `pairs(one_number, other_number)`: every two records that share a key which is not crowded, once. They are a table
    of their own because a pair of numbers takes little room, where the records that are joined to them take much.
#}
{% macro candidate_pairs(entity) %}
blocked as (
    select
        record_number,
        key_number
    from {{ ref('int_' ~ entity ~ '_blocked') }}
    where not is_crowded
),

pairs as (
    select distinct
        one.record_number as one_number,
        other.record_number as other_number
    from blocked as one
    inner join blocked as other on one.key_number = other.key_number and one.record_number < other.record_number
)
{% endmacro %}


{#
    The keys that an entity's records share with others, one row for each record and key, and whether too many share it for it
    to mean anything. The records are in the CTE `records`; `further` names a CTE of more keys in the same form.

    Pairs are looked up by the key's number, which is a hash: should two keys ever have the same one, some records more
    are compared.
#}
{% macro blocks(keys, further=none) %}
keys as (
    {% for block, expressions in keys -%}
    {% set outer_loop = loop -%}
    {% for expression in expressions -%}
    select
        record_number,
        '{{ block }}' as block,
        {{ expression }} as block_key
    from records
    where
        {{ expression }} is not null
        {%- for earlier in expressions[:loop.index0] %}
        and {{ expression }} is distinct from {{ earlier }}
        {%- endfor %}
    {{ 'union all' if further or not (loop.last and outer_loop.last) }}
    {% endfor -%}
    {% endfor %}
    {%- if further %}
    select
        record_number,
        block,
        block_key
    from {{ further }}
    {%- endif %}
),

numbered as (
    select
        record_number,
        block,
        block_key,
        hash(block, block_key) as key_number
    from keys
),

shared as (
    select
        key_number,
        count(*) > {{ var('identity_block_limit') }} as is_crowded
    from numbered
    group by key_number
    having count(*) > 1
)

select
    numbered.record_number,
    numbered.block,
    numbered.block_key,
    numbered.key_number,
    shared.is_crowded
from numbered
inner join shared on numbered.key_number = shared.key_number
{% endmacro %}


{#
    What each comparison finds for every pair, from the CTEs `records` and `pairs`: the number of the level, null where
    one of both lacks the field, and the rarity of what they share.
#}
{% macro compared(entity) %}
levelled as (
    select
        pairs.one_number,
        pairs.other_number,
        {%- for comparison in comparisons(entity) %}
        case
            when not coalesce({{ comparison.known }}, false) then null
            {%- for name, condition, rarity in comparison.levels %}
            {{ 'when ' ~ condition ~ ' then' if condition else 'else' }} {{ loop.index0 }}
            {%- endfor %}
        end as {{ comparison.name }}_level,
        case
            when {{ comparison.name }}_level is null then 0
            {%- for name, condition, rarity in comparison.levels %}
            {%- if rarity %}
            when {{ comparison.name }}_level = {{ loop.index0 }} then coalesce({{ rarity }}, 0)
            {%- endif %}
            {%- endfor %}
            else 0
        end as {{ comparison.name }}_rarity{{ ',' if not loop.last }}
        {%- endfor %}
    from pairs
    inner join records as one on pairs.one_number = one.record_number
    inner join records as other on pairs.other_number = other.record_number
)

select
    one_number,
    other_number,
    {%- for comparison in comparisons(entity) %}
    {{ comparison.name }}_level,
    {{ comparison.name }}_rarity,
    {%- endfor %}
    {{ people_counted_twice() if entity == 'people' else companies_counted_twice() }} as counted_twice
from levelled
{% endmacro %}
