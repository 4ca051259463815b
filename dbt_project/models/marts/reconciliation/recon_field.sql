with differences as (
    {% for target, object in outbound_records() %}
    select
        target,
        object,
        record_key,
        property,
        expected_value,
        found_value,
        is_pii
    from (
        {{ mismatching_fields(target, object) }}
    )
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

unchecked as (
    select
        target,
        object,
        record_key
    from {{ ref('int_recon_unchecked') }}
),

ledger as (
    select
        target,
        object,
        record_key,
        row_hash,
        kept
    from {{ source('ops', 'load_ledger') }}
),

marts as (
    select
        target,
        object,
        record_key,
        row_hash,
        policy
    from {{ ref('int_recon_marts') }}
)

select
    differences.target,
    differences.object,
    differences.record_key,
    differences.property,
    {{ masked('differences.expected_value') }} as expected_value,
    {{ masked('differences.found_value') }} as found_value,
    differences.is_pii,
    coalesce(contains(ledger.kept, '"' || differences.property || '"'), false)
    -- what changed in the source since such a record was made is not sent
    or coalesce(marts.policy = 'create_only' and ledger.row_hash <> marts.row_hash, false) as is_kept
from differences
left join unchecked
    on
        differences.target = unchecked.target
        and differences.object = unchecked.object
        and differences.record_key = unchecked.record_key
left join ledger
    on
        differences.target = ledger.target
        and differences.object = ledger.object
        and differences.record_key = ledger.record_key
left join marts
    on
        differences.target = marts.target
        and differences.object = marts.object
        and differences.record_key = marts.record_key
where unchecked.record_key is null
