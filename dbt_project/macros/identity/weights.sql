{#
    The weights in effect: those of the seed identity_weights, corrected by what the records at hand show.

    The seed says how often two records of one person agree (`m`) and how often two of different persons do (`u`). How
    often one's own duplicates agree depends on who typed them; so `m` is adapted by expectation and maximisation: judge
    the pairs with the weights so far, count how often the likely matches agree, repeat. The seed's opinion counts as much
    as `<entity>_seed_pairs` pairs, so a small table keeps close to it. `u` stays: left free it drifts to whatever is common.

    Pairs that look alike in every comparison are judged together, which makes a round cost the number of patterns, not of pairs.
#}
{% macro weights_in_effect(entity, rounds=12) %}
{%- set names = comparisons(entity) | map(attribute='name') | list -%}
seed as (
    select
        comparison,
        level,
        m,
        u
    from {{ ref('identity_weights') }}
    where entity = '{{ entity }}'
),

size as (
    select greatest(count(*), 2) as record_count
    from {{ ref('int_' ~ entity ~ '_keyed') }}
),

patterns as (
    select
        {% for name in names -%}
        {{ name }}_level,
        {% endfor -%}
        round(2 * ({% for name in names %}{{ name }}_rarity + {% endfor %}0 - counted_twice)) / 2 as rarity,
        count(*) as pair_count
    from {{ ref('int_' ~ entity ~ '_compared') }}
    group by {% for name in names %}{{ name }}_level, {% endfor %}rarity
),

numbered as (
    select
        {% for name in names -%}
        {{ name }}_level,
        {% endfor -%}
        rarity,
        pair_count,
        row_number() over (order by {% for name in names %}{{ name }}_level, {% endfor %}rarity) as pattern_id
    from patterns
),

findings as (
    {% for name in names -%}
    select
        pattern_id,
        '{{ name }}' as comparison,
        {{ name }}_level as level
    from numbered
    where {{ name }}_level is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

weights_0 as (
    select
        seed.comparison,
        seed.level,
        seed.m,
        size.record_count as expected_pairs
    from seed
    cross join size
),

{% for round in range(1, rounds + 1) %}
evidence_{{ round }} as (
    select
        findings.pattern_id,
        sum(log(2, weights.m / seed.u)) as bits,
        max(log(2, size.record_count * size.record_count / 2 / weights.expected_pairs)) as prior_bits
    from findings
    inner join seed on findings.comparison = seed.comparison and findings.level = seed.level
    inner join weights_{{ round - 1 }} as weights
        on findings.comparison = weights.comparison and findings.level = weights.level
    cross join size
    group by findings.pattern_id
),

judged_{{ round }} as (
    select
        numbered.pattern_id,
        numbered.pair_count
        * {{ probability('evidence.bits + numbered.rarity - evidence.prior_bits - ' ~ var(entity ~ '_learning_margin')) }} as matches,
        sum(
            numbered.pair_count * {{ probability('evidence.bits + numbered.rarity - evidence.prior_bits') }}
        ) over () as expected_pairs
    from numbered
    inner join evidence_{{ round }} as evidence on numbered.pattern_id = evidence.pattern_id
),

found_{{ round }} as (
    select
        findings.comparison,
        findings.level,
        sum(judged.matches) as matches,
        max(judged.expected_pairs) as expected_pairs
    from findings
    inner join judged_{{ round }} as judged on findings.pattern_id = judged.pattern_id
    group by findings.comparison, findings.level
),

weights_{{ round }} as (
    select
        seed.comparison,
        seed.level,
        (coalesce(found.matches, 0) + {{ var(entity ~ '_seed_pairs') }} * seed.m)
        / (sum(coalesce(found.matches, 0)) over (partition by seed.comparison) + {{ var(entity ~ '_seed_pairs') }}) as m,
        greatest(coalesce(max(found.expected_pairs) over (), 1), 1) as expected_pairs
    from seed
    left join found_{{ round }} as found on seed.comparison = found.comparison and seed.level = found.level
),

{% endfor %}
in_effect as (
    select
        seed.comparison,
        seed.level,
        seed.m as seed_m,
        seed.u,
        round(weights.m, 4) as m,
        round(log(2, greatest(weights.m, 0.0001) / seed.u), 2) as bits,
        round(weights.expected_pairs) as expected_pairs,
        round(log(2, size.record_count * size.record_count / 2 / weights.expected_pairs), 2) as prior_bits
    from seed
    inner join weights_{{ rounds }} as weights on seed.comparison = weights.comparison and seed.level = weights.level
    cross join size
)
{% endmacro %}


{# The probability that belongs to odds given in bits. #}
{% macro probability(bits) -%}
    1 / (1 + power(2, least(greatest(-({{ bits }}), -60), 60)))
{%- endmacro %}
