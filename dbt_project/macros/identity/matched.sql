{#
    CTEs from the pairs compared and the weights in effect to `matched`, one row for each pair: its bits by comparison, their sum,
    what becomes of it and the evidence in words.

    A pair is merged when it has `<entity>_merge_margin` bits more than the odds against it, which grow with the table:
    a pair is one of N²/2, so what convinces among a thousand records does not among a million. Where a weaker pair,
    down to `<entity>_lone_margin`, is the best that one of its records has, it merges too, because a record that
    comes alone can join a cluster by mistake but never join two; not so people whose names contradict. What lies between merging and
    `<entity>_review_margin` is for people to decide.

    What people have decided, and what Salesforce itself knows, comes in the CTE `facts(one_number, other_number, band, reason)`.
    A pair of which nobody knows anything and that is not worth a review is left out: nearly all are, and what was found of
    them stands in `compared`.
#}
{% macro matched(entity) %}
{%- set names = comparisons(entity) | map(attribute='name') | list -%}
-- one row with a column for each level
weights as (
    select
        {% for comparison in comparisons(entity) -%}
        {% for level in comparison.levels -%}
        max(iff(comparison = '{{ comparison.name }}' and level = {{ loop.index0 }}, bits, null)) as {{ comparison.name }}_{{ loop.index0 }},
        {% endfor -%}
        {% endfor -%}
        max(prior_bits) as prior_bits
    from {{ ref('int_' ~ entity ~ '_weighed') }}
),

weighed as (
    select
        compared.one_number,
        compared.other_number,
        {% for comparison in comparisons(entity) -%}
        compared.{{ comparison.name }}_level,
        case compared.{{ comparison.name }}_level
            {%- for level in comparison.levels %}
            when {{ loop.index0 }} then weights.{{ comparison.name }}_{{ loop.index0 }}
            {%- endfor %}
            else 0
        end + compared.{{ comparison.name }}_rarity as {{ comparison.name }}_bits,
        {% endfor -%}
        compared.counted_twice as counted_twice_bits,
        weights.prior_bits
    from {{ ref('int_' ~ entity ~ '_compared') }} as compared
    cross join weights
),

summed as (
    select
        one_number,
        other_number,
        {% for name in names -%}
        {{ name }}_level,
        {{ name }}_bits,
        {% endfor -%}
        counted_twice_bits,
        {% for name in names %}{{ name }}_bits + {% endfor %}0 - counted_twice_bits as total_bits,
        total_bits - prior_bits as odds_bits
    from weighed
),

likely as (
    select
        coalesce(summed.one_number, facts.one_number) as one_number,
        coalesce(summed.other_number, facts.other_number) as other_number,
        {% for name in names -%}
        summed.{{ name }}_level,
        summed.{{ name }}_bits,
        {% endfor -%}
        summed.counted_twice_bits,
        summed.total_bits,
        summed.odds_bits,
        facts.band,
        facts.reason
    from summed
    full outer join facts on summed.one_number = facts.one_number and summed.other_number = facts.other_number
    where summed.odds_bits >= {{ var(entity ~ '_review_margin') }} or facts.one_number is not null
),

paired as (
    {% for record in ['one_number', 'other_number'] -%}
    select
        {{ record }} as record_number,
        one_number,
        other_number,
        odds_bits
    from likely
    where odds_bits >= {{ var(entity ~ '_lone_margin') }} and {{ is_lone_evidence(entity) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- the best pair of a record that no strong one joins to anything
best_of_the_lone as (
    select distinct
        one_number,
        other_number
    from (
        select
            one_number,
            other_number,
            odds_bits,
            row_number() over (
                partition by record_number order by odds_bits desc, one_number asc, other_number asc
            ) as place
        from paired
    ) as ranked
    where place = 1 and odds_bits < {{ var(entity ~ '_merge_margin') }}
),

matched as (
    select
        one_record.record_id as left_id,
        other_record.record_id as right_id,
        {% for name in names -%}
        likely.{{ name }}_level,
        round(likely.{{ name }}_bits, 1) as {{ name }}_bits,
        {% endfor -%}
        round(likely.counted_twice_bits, 1) as counted_twice_bits,
        round(likely.total_bits, 1) as total_bits,
        round({{ probability('likely.odds_bits') }}, 6) as probability,
        case
            when likely.band is not null then likely.band
            when likely.odds_bits >= {{ var(entity ~ '_merge_margin') }} or lone.one_number is not null then 'merge'
            else 'review'
        end as band,
        coalesce(likely.reason, iff(lone.one_number is not null, 'lone record', 'score')) as reason
    from likely
    inner join live as one_record on likely.one_number = one_record.record_number
    inner join live as other_record on likely.other_number = other_record.record_number
    left join best_of_the_lone as lone on likely.one_number = lone.one_number and likely.other_number = lone.other_number
)
{% endmacro %}


{#
    Whether a weak pair may bring a lone record into a cluster. Colleagues and families have all in common but their names,
    days of birth and what is their own; so where a name differs the days of birth must agree, or nothing else may differ.
    Companies of one group share a house and a word of their names; so a name that only shares words does not suffice.
    A pair that merges by itself is always told of, so that its records are not taken to be alone.
#}
{% macro is_lone_evidence(entity) -%}
    (
        odds_bits >= {{ var(entity ~ '_merge_margin') }}
        {% if entity == 'people' -%}
        or birthdate_level <= 1
        or not ({{ differs('first_name') }} or {{ differs('last_name') }})
        or {% for comparison in people_comparisons() %}iff({{ differs(comparison.name) }}, 1, 0){{ ' + ' if not loop.last }}{% endfor %} = 1
        {%- else -%}
        or name_level <= 3 or domain_level = 0 or phone_level = 0
        {%- endif %}
    )
{%- endmacro %}


{# Whether two people have different values where a comparison looks: its last level. #}
{% macro differs(name) -%}
    {%- set comparison = people_comparisons() | selectattr('name', 'equalto', name) | first -%}
    coalesce({{ name }}_level = {{ comparison.levels | length - 1 }}, false)
{%- endmacro %}


{# The evidence of a matched pair in words, such as "e-mail equal +9.1, last name close +4.2". #}
{% macro evidence(entity) -%}
    array_to_string(array_construct_compact(
        iff(reason in ('score', 'lone record'), null, reason),
        {%- for comparison in comparisons(entity) %}
        case {{ comparison.name }}_level
            {%- for name, condition, rarity in comparison.levels %}
            when {{ loop.index0 }} then '{{ comparison.label }} {{ name }} ' || {{ signed(comparison.name ~ '_bits') }}
            {%- endfor %}
        end,
        {%- endfor %}
        iff(counted_twice_bits > 0, 'counted twice ' || {{ signed('-counted_twice_bits') }}, null)
    ), ', ')
{%- endmacro %}


{# A number of bits with its sign and one decimal. #}
{% macro signed(bits) -%}
    iff({{ bits }} > 0, '+', '') || cast(cast({{ bits }} as number(8, 1)) as varchar)
{%- endmacro %}


{#
    CTEs up to `facts`: what is known of pairs without comparing them, decisions of people before all else. `known` is a CTE
    (one_id, other_id, band, reason) of what Salesforce says.
#}
{% macro facts(entity) %}
live as (
    select
        record_number,
        record_id
    from {{ ref('int_' ~ entity ~ '_keyed') }}
),

decided as (
    select
        one_id,
        other_id,
        decision as band,
        'decision' as reason
    from {{ ref('identity_decisions') }}
    union all
    select
        one_id,
        other_id,
        band,
        reason
    from known
),

facts as (
    select
        least(one.record_number, other.record_number) as one_number,
        greatest(one.record_number, other.record_number) as other_number,
        decided.band,
        decided.reason
    from decided
    inner join live as one on decided.one_id = one.record_id
    inner join live as other on decided.other_id = other.record_id
    where decided.one_id <> decided.other_id
    qualify row_number() over (
        partition by
            least(one.record_number, other.record_number),
            greatest(one.record_number, other.record_number)
        order by iff(decided.reason = 'decision', 0, 1), decided.band
    ) = 1
)
{% endmacro %}
