with latest as (
    select
        run_id,
        target,
        object,
        mode
    from {{ source('ops', 'read_back') }}
    qualify row_number() over (partition by target, object order by read_at desc) = 1
),

ledger as (
    select
        target,
        object,
        record_key
    from {{ source('ops', 'load_ledger') }}
),

samples as (
    select
        run_id,
        target,
        object,
        record_key
    from {{ source('ops', 'read_back_sample') }}
)

select
    ledger.target,
    ledger.object,
    ledger.record_key
from ledger
inner join latest on ledger.target = latest.target and ledger.object = latest.object
left join samples
    on
        latest.run_id = samples.run_id
        and ledger.target = samples.target
        and ledger.object = samples.object
        and ledger.record_key = samples.record_key
where latest.mode = 'sample' and samples.record_key is null
