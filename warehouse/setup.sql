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

create table if not exists ops.load_ledger (
    target varchar not null,
    object varchar not null,
    record_key varchar not null,
    target_id varchar,
    row_hash varchar,
    run_id varchar,
    loaded_at timestamp_ntz
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
