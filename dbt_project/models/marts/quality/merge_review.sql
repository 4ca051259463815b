with people as (
    select
        record_id,
        source_object,
        trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')) as title,
        coalesce(email, phone, mobile_phone) as reached_at
    from {{ ref('int_people_keyed') }}
),

companies as (
    select
        record_id,
        'Account' as source_object,
        account_name as title,
        coalesce(website, phone) as reached_at
    from {{ ref('int_companies_keyed') }}
),

pairs as (
    {% for entity, object in [('people', 'contacts'), ('companies', 'companies')] %}
    select
        '{{ object }}' as object,
        matched.left_id,
        matched.right_id,
        one.source_object as left_object,
        other.source_object as right_object,
        one.title as left_title,
        other.title as right_title,
        one.reached_at as left_reached_at,
        other.reached_at as right_reached_at,
        matched.total_bits,
        matched.probability,
        matched.band,
        matched.evidence
    from {{ ref('int_' ~ entity ~ '_matched') }} as matched
    inner join {{ ref('int_' ~ entity ~ '_clustered') }} as left_cluster on matched.left_id = left_cluster.record_id
    inner join {{ ref('int_' ~ entity ~ '_clustered') }} as right_cluster on matched.right_id = right_cluster.record_id
    inner join {{ entity }} as one on matched.left_id = one.record_id
    inner join {{ entity }} as other on matched.right_id = other.record_id
    where matched.band in ('merge', 'review') and left_cluster.component_id <> right_cluster.component_id
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    object,
    left_id,
    right_id,
    left_object,
    right_object,
    left_title,
    right_title,
    left_reached_at,
    right_reached_at,
    cast(total_bits as number(8, 1)) as total_bits,
    cast(probability as number(9, 6)) as probability,
    iff(band = 'merge', 'held apart', 'uncertain') as status,
    evidence
from pairs
