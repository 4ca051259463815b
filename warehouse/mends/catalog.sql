-- Views behind information_schema.tables, .views and .columns, in place of upstream's of the same names.
-- Their columns keep upstream's names and order: other views of upstream's select * from them.

create or replace view _fs_global._fs_information_schema._fs_columns as
select
    columns.database_name as TABLE_CATALOG,
    columns.schema_name as TABLE_SCHEMA,
    columns.table_name as TABLE_NAME,
    columns.column_name as COLUMN_NAME,
    columns.column_index as ORDINAL_POSITION,
    columns.column_default as COLUMN_DEFAULT,
    case when columns.is_nullable then 'YES' else 'NO' end as IS_NULLABLE,
    case
        when columns.data_type like '%INT' or columns.data_type = 'INTEGER' then 'NUMBER'
        when columns.data_type like 'DECIMAL%' then 'NUMBER'
        when columns.data_type in ('VARCHAR', '"NULL"') then 'TEXT'
        when columns.data_type in ('DOUBLE', 'FLOAT') then 'FLOAT'
        when columns.data_type = 'BLOB' then 'BINARY'
        when columns.data_type in ('TIMESTAMP', 'TIMESTAMP_NS') then 'TIMESTAMP_NTZ'
        when columns.data_type = 'TIMESTAMP WITH TIME ZONE' then 'TIMESTAMP_TZ'
        when columns.data_type = 'JSON' then 'VARIANT'
        when columns.data_type like '%[]' then 'ARRAY'
        else columns.data_type
    end as DATA_TYPE,
    lengths.ext_character_maximum_length as CHARACTER_MAXIMUM_LENGTH,
    lengths.ext_character_octet_length as CHARACTER_OCTET_LENGTH,
    case
        when columns.data_type like 'DECIMAL%' then columns.numeric_precision
        when columns.data_type like '%INT' or columns.data_type = 'INTEGER' then 38
    end as NUMERIC_PRECISION,
    case when DATA_TYPE = 'NUMBER' then 10 end as NUMERIC_PRECISION_RADIX,
    case
        when columns.data_type like 'DECIMAL%' then columns.numeric_scale
        when columns.data_type like '%INT' or columns.data_type = 'INTEGER' then 0
    end as NUMERIC_SCALE,
    null::varchar as COLLATION_NAME,
    null::varchar as IS_IDENTITY,
    null::varchar as IDENTITY_GENERATION,
    null::varchar as IDENTITY_CYCLE,
    columns.comment as COMMENT,
    null::varchar as IDENTITY_START,
    null::varchar as IDENTITY_INCREMENT,
    null::varchar as IDENTITY_ORDERED,
    null::varchar as DATA_TYPE_ALIAS
from duckdb_columns() as columns
left join _fs_global._fs_information_schema._fs_columns_ext as lengths
    on columns.database_name = lengths.ext_table_catalog
    and columns.schema_name = lengths.ext_table_schema
    and columns.table_name = lengths.ext_table_name
    and columns.column_name = lengths.ext_column_name
where not columns.internal and columns.schema_name not in ('main', '_fs_information_schema');

create or replace view _fs_global._fs_information_schema._relations as
select database_name, schema_name, table_name, 'BASE TABLE' as table_type, estimated_size as row_count, comment, null as definition
from duckdb_tables()
union all
select database_name, schema_name, view_name, 'VIEW', null, comment, sql
from duckdb_views()
where not internal;

create or replace view ${database}._fs_information_schema._fs_tables as
select
    database_name as "TABLE_CATALOG",
    schema_name as "TABLE_SCHEMA",
    table_name as "TABLE_NAME",
    'SYSADMIN' as "TABLE_OWNER",
    table_type as "TABLE_TYPE",
    'NO' as "IS_TRANSIENT",
    null::varchar as "CLUSTERING_KEY",
    row_count as "ROW_COUNT",
    0 as "BYTES",
    1 as "RETENTION_TIME",
    null::varchar as "SELF_REFERENCING_COLUMN_NAME",
    null::varchar as "REFERENCE_GENERATION",
    null::varchar as "USER_DEFINED_TYPE_CATALOG",
    null::varchar as "USER_DEFINED_TYPE_SCHEMA",
    null::varchar as "USER_DEFINED_TYPE_NAME",
    'YES' as "IS_INSERTABLE_INTO",
    'YES' as "IS_TYPED",
    null::varchar as "COMMIT_ACTION",
    to_timestamp(0)::timestamptz as "CREATED",
    to_timestamp(0)::timestamptz as "LAST_ALTERED",
    to_timestamp(0)::timestamptz as "LAST_DDL",
    'SYSADMIN' as "LAST_DDL_BY",
    'NO' as "AUTO_CLUSTERING_ON",
    comment as "COMMENT",
    'NO' as "IS_TEMPORARY",
    'NO' as "IS_ICEBERG",
    'NO' as "IS_DYNAMIC",
    'NO' as "IS_IMMUTABLE",
    'NO' as "IS_HYBRID"
from _fs_global._fs_information_schema._relations
where database_name = '${database}' and schema_name not in ('main', '_fs_information_schema');

create or replace view ${database}._fs_information_schema._fs_views as
select
    database_name as TABLE_CATALOG,
    schema_name as TABLE_SCHEMA,
    table_name as TABLE_NAME,
    'SYSADMIN' as TABLE_OWNER,
    definition as VIEW_DEFINITION,
    'NONE' as CHECK_OPTION,
    'NO' as IS_UPDATABLE,
    'NO' as INSERTABLE_INTO,
    'NO' as IS_SECURE,
    to_timestamp(0)::timestamptz as CREATED,
    to_timestamp(0)::timestamptz as LAST_ALTERED,
    to_timestamp(0)::timestamptz as LAST_DDL,
    'SYSADMIN' as LAST_DDL_BY,
    comment as COMMENT
from _fs_global._fs_information_schema._relations
where database_name = '${database}' and table_type = 'VIEW'
    and schema_name not in ('main', '_fs_information_schema');
