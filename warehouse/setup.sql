-- Schemas and tables that exist before dbt runs. Every statement may be repeated.
-- Raw tables can be extracted again, so they are transient; OPS is the memory of what was done, so it is not.

create schema if not exists ops;

create table if not exists ops.run (
    run_id varchar not null,
    status varchar,
    started_at timestamp_ntz,
    finished_at timestamp_ntz,
    started_by varchar,
    git_commit varchar,
    settings varchar
);
-- JSON: the version of each package that touches data
alter table ops.run add column if not exists versions varchar;

create table if not exists ops.run_phase (
    run_id varchar not null,
    phase varchar not null,
    status varchar,
    started_at timestamp_ntz,
    finished_at timestamp_ntz,
    detail varchar
);

create table if not exists ops.watermark (
    object varchar not null,
    watermark varchar,
    run_id varchar,
    updated_at timestamp_ntz
);

create table if not exists ops.extract_count (
    run_id varchar not null,
    object varchar not null,
    mode varchar,
    job_id varchar,
    since varchar,
    until varchar,
    source_count number,
    page_count number,
    landed_count number,
    raw_count number,
    counted_at timestamp_ntz
);
-- rows of the raw table that are not deleted; the build compares it with the run before
alter table ops.extract_count add column if not exists live_count number;

-- One row for each time that a record was sent, appended and never changed: audit trail and way back in one.
create table if not exists ops.load_attempt (
    run_id varchar not null,
    target varchar not null,
    object varchar not null,
    record_key varchar not null,
    action varchar,
    row_hash varchar,
    payload varchar,
    status varchar,
    target_id varchar,
    error_category varchar,
    error_message varchar,
    correlation_id varchar,
    attempted_at timestamp_ntz
);
alter table ops.load_attempt add column if not exists plan_id varchar;
-- JSON: what the target held before, of every property that was overwritten or archived; of a link, whether it was
-- there
alter table ops.load_attempt add column if not exists before_image varchar;
-- JSON list: the properties that somebody had changed in the target, and that were left as they are
alter table ops.load_attempt add column if not exists kept varchar;
-- digest of the target's definitions of the properties sent; a refused record is tried again when it changes
alter table ops.load_attempt add column if not exists definitions_hash varchar;

-- The latest success of each record.
create table if not exists ops.load_ledger (
    target varchar not null,
    object varchar not null,
    record_key varchar not null,
    target_id varchar,
    row_hash varchar,
    run_id varchar,
    loaded_at timestamp_ntz
);
-- the run that made the record; null when the target had it before
alter table ops.load_ledger add column if not exists created_in varchar;
alter table ops.load_ledger add column if not exists kept varchar;

-- What the targets refused, or what could not be sent, and was not accepted since: from the last success on. What could
-- not be archived or undone is no row of a mart; the rollback tells of it.
create or replace view ops.reject as
with since_success as (
    select
        target,
        object,
        record_key,
        row_hash,
        status,
        error_category,
        error_message,
        correlation_id,
        definitions_hash,
        run_id,
        attempted_at,
        max(iff(status = 'succeeded', attempted_at, null)) over (
            partition by target, object, record_key
        ) as succeeded_at
    from ops.load_attempt
    where action in ('create', 'update')
),

rejected as (
    select
        target,
        object,
        record_key,
        row_hash,
        status,
        error_category,
        error_message,
        correlation_id,
        definitions_hash,
        run_id,
        min(attempted_at) over (partition by target, object, record_key) as first_seen_at,
        attempted_at as last_seen_at,
        count(*) over (partition by target, object, record_key) as attempts
    from since_success
    where succeeded_at is null or attempted_at > succeeded_at
    qualify row_number() over (partition by target, object, record_key order by attempted_at desc) = 1
)

select
    target,
    object,
    record_key,
    row_hash,
    status,
    error_category,
    error_message,
    correlation_id,
    definitions_hash,
    run_id,
    first_seen_at,
    last_seen_at,
    attempts
from rejected;

-- What a load would do, as it was shown; a load carries out exactly this.
create table if not exists ops.plan (
    plan_id varchar not null,
    status varchar,
    created_at timestamp_ntz,
    applied_at timestamp_ntz,
    run_id varchar,
    inputs varchar,
    summary varchar
);

create table if not exists ops.plan_action (
    plan_id varchar not null,
    target varchar not null,
    object varchar not null,
    record_key varchar not null,
    action varchar,
    row_hash varchar,
    target_id varchar,
    changes varchar,
    before_image varchar,
    kept varchar,
    reason varchar
);

-- What the targets held, of every object that we write: a row for each record and link that was new, changed or gone
-- since the backup before, so that what was there at any backup is the latest row until then.
create table if not exists ops.backup (
    backup_id varchar not null,
    target varchar not null,
    object varchar not null,
    target_id varchar not null,
    payload varchar,
    is_gone boolean not null,
    taken_at timestamp_ntz not null
);

-- One row for each part of a backup that is complete; one that was killed goes on with the parts that have none.
create table if not exists ops.backup_part (
    backup_id varchar not null,
    target varchar not null,
    part varchar not null,
    source varchar not null,
    found number not null,
    changed number not null,
    taken_at timestamp_ntz not null
);

-- One row for each time that a run was rolled back.
create table if not exists ops.reversal (
    reversal_id varchar not null,
    run_id varchar not null,
    status varchar not null,
    selected varchar,
    started_by varchar,
    started_at timestamp_ntz,
    finished_at timestamp_ntz
);

-- What the comparison after a rollback found, for each record and link that the run had touched: undone (as it was
-- before), kept (somebody changed it since), impossible (the vendor has no way), failed.
create table if not exists ops.reversal_record (
    reversal_id varchar not null,
    run_id varchar not null,
    target varchar not null,
    object varchar not null,
    record_key varchar not null,
    target_id varchar,
    did varchar not null,
    outcome varchar not null,
    kept varchar,
    reason varchar,
    noted_at timestamp_ntz
);

-- Whom `migrate forget` took away, as salted hashes: no extract brings them back.
create table if not exists ops.tombstone (
    hash varchar not null,
    kind varchar not null,
    made_at timestamp_ntz not null
);

create table if not exists ops.tombstone_salt (
    salt varchar not null
);

-- One row for each person that was forgotten: by whom, when, and how much was taken from where. No personal data.
create table if not exists ops.certificate (
    certificate_id varchar not null,
    person varchar not null,
    requested_by varchar,
    places varchar,
    targets varchar,
    finished_at timestamp_ntz
);

-- What a read-back covered: every record of an object, what changed since the one before, or a sample of the ledger's.
create table if not exists ops.read_back (
    run_id varchar not null,
    target varchar not null,
    object varchar not null,
    mode varchar not null,
    read_at timestamp_ntz
);
-- Digest of the properties that were asked for: with others, it is not enough to read what changed.
alter table ops.read_back add column if not exists asked varchar;

create table if not exists ops.read_back_sample (
    run_id varchar not null,
    target varchar not null,
    object varchar not null,
    record_key varchar not null
);

-- How far the phase under way has come, noted every few seconds for whoever watches; holds the latest run only.
create transient table if not exists ops.progress (
    run_id varchar not null,
    phase varchar not null,
    label varchar not null,
    done number,
    total number,
    noted_at timestamp_ntz
);

create schema if not exists raw_salesforce;

create transient table if not exists raw_salesforce._objects (
    object varchar not null,
    label varchar,
    label_plural varchar,
    key_prefix varchar,
    custom boolean,
    queryable boolean,
    _run_id varchar,
    _extracted_at timestamp_ntz
);

-- Kept by run: what an org's fields were last month cannot be asked again.
create table if not exists raw_salesforce._fields (
    object varchar not null,
    field varchar not null,
    label varchar,
    type varchar,
    length number,
    precision number,
    scale number,
    nillable boolean,
    calculated boolean,
    custom boolean,
    reference_to varchar,
    _run_id varchar,
    _extracted_at timestamp_ntz
);
alter table raw_salesforce._fields add column if not exists treatment varchar;

create table if not exists ops.deletion (
    run_id varchar not null,
    object varchar not null,
    record_id varchar not null,
    reason varchar not null,
    noted_at timestamp_ntz
);

create transient table if not exists raw_salesforce._blobs (
    object varchar not null,
    record_id varchar not null,
    field varchar not null,
    stage_path varchar not null,
    bytes number not null,
    sha256 varchar not null,
    modified varchar,
    _run_id varchar,
    _extracted_at timestamp_ntz
);
create stage if not exists raw_salesforce.blobs;

create transient table if not exists raw_salesforce._picklist_values (
    object varchar not null,
    field varchar not null,
    value varchar,
    label varchar,
    active boolean,
    default_value boolean,
    _run_id varchar,
    _extracted_at timestamp_ntz
);

create schema if not exists raw_hubspot;

create transient table if not exists raw_hubspot.records (
    object varchar not null,
    id varchar not null,
    payload varchar,
    _run_id varchar,
    _extracted_at timestamp_ntz
);

create transient table if not exists raw_hubspot.owners (
    id varchar not null,
    payload varchar,
    _run_id varchar,
    _extracted_at timestamp_ntz
);

create transient table if not exists raw_hubspot.pipelines (
    object varchar not null,
    id varchar not null,
    payload varchar,
    _run_id varchar,
    _extracted_at timestamp_ntz
);

create transient table if not exists raw_hubspot.files (
    id varchar not null,
    payload varchar,
    _run_id varchar,
    _extracted_at timestamp_ntz
);

create transient table if not exists raw_hubspot.associations (
    from_object varchar not null,
    from_id varchar not null,
    to_object varchar not null,
    to_id varchar not null,
    category varchar,
    type_id varchar,
    label varchar,
    _run_id varchar,
    _extracted_at timestamp_ntz
);

create schema if not exists raw_intercom;

create transient table if not exists raw_intercom.records (
    object varchar not null,
    id varchar not null,
    payload varchar,
    _run_id varchar,
    _extracted_at timestamp_ntz
);

create transient table if not exists raw_intercom.admins (
    id varchar not null,
    payload varchar,
    _run_id varchar,
    _extracted_at timestamp_ntz
);

create transient table if not exists raw_intercom.links (
    object varchar not null,
    contact_id varchar not null,
    other_id varchar not null,
    _run_id varchar,
    _extracted_at timestamp_ntz
);
