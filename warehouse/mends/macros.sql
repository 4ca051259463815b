-- Functions of Snowflake that DuckDB lacks or that mean something else there. warehouse/mends/functions.py turns
-- the calls into these. They live in the database's main schema, where every schema of the database finds them.

-- trim(x, characters) and its two sides; upstream forgets the characters.
create or replace macro _sf_trim(x, characters) as trim(x::varchar, characters);
create or replace macro _sf_ltrim(x, characters) as ltrim(x::varchar, characters);
create or replace macro _sf_rtrim(x, characters) as rtrim(x::varchar, characters);

-- The lower half of a digest as a number; sqlglot writes the name so, and DuckDB's md5_number_lower reads the bytes from
-- the other end.
create or replace macro m_d5_number_lower64(x) as ('0x' || right(md5(x::varchar), 16))::ubigint;

-- hash(x, …), whose numbers are unsigned in DuckDB.
create or replace macro _sf_signed(x) as (x::hugeint - 9223372036854775808)::bigint;

-- Length in bytes; DuckDB's octet_length takes no text.
create or replace macro _sf_octet_length(x) as strlen(x::varchar);

-- soundex: the first letter and the codes of the next three sounds. Equal codes side by side count once, also
-- when H or W lies between them; _p123 does not look at the first letter when it does so.
create or replace macro _sf_sounds(letters) as
    regexp_replace(
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    regexp_replace(
                        regexp_replace(
                            translate(letters, 'AEIOUYBFPVCGJKQSXZDTLMNRHW', '000000111122222222334556'),
                            '1+', '1', 'g'
                        ), '2+', '2', 'g'
                    ), '3+', '3', 'g'
                ), '4+', '4', 'g'
            ), '5+', '5', 'g'
        ), '6+', '6', 'g'
    );
create or replace macro _sf_soundex_of_letters(letters) as
    case when letters = '' then ''
        else left(letters, 1) || left(
            replace(
                case when left(letters, 1) in ('H', 'W') then _sf_sounds(letters) else substr(_sf_sounds(letters), 2) end,
                '0', ''
            ) || '000', 3
        )
    end;
create or replace macro _sf_soundex_p123_of_letters(letters) as
    case when letters = '' then ''
        else left(letters, 1) || left(replace(_sf_sounds(substr(letters, 2)), '0', '') || '000', 3)
    end;
create or replace macro soundex(x) as _sf_soundex_of_letters(regexp_replace(upper(x::varchar), '[^A-Z]', '', 'g'));
create or replace macro soundex_p123(x) as
    _sf_soundex_p123_of_letters(regexp_replace(upper(x::varchar), '[^A-Z]', '', 'g'));

-- parse_url(x): an object with the URL's parts, null where a part is absent; `permissive` gives an object with
-- an error instead of failing.
create or replace macro _sf_url_part(x, pattern) as nullif(regexp_extract(x, pattern, 1), '');
create or replace macro _sf_url_parameters(query) as
    case when query is null then null
        else cast(
            map_from_entries(
                list_transform(
                    string_split(query, '&'),
                    lambda pair: {'k': split_part(pair, '=', 1), 'v': substr(pair, length(split_part(pair, '=', 1)) + 2)}
                )
            ) as json
        )
    end;
create or replace macro _sf_url(x) as json_object(
    'fragment', _sf_url_part(x, '#(.*)$'),
    'host', _sf_url_part(x, '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]*)'),
    'parameters', _sf_url_parameters(_sf_url_part(x, '\?([^#]*)')),
    'path', _sf_url_part(x, '^[A-Za-z][A-Za-z0-9+.-]*:(?://[^/?#]*/)?([^?#]*)'),
    'port', _sf_url_part(x, '^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*:(\d+)'),
    'query', _sf_url_part(x, '\?([^#]*)'),
    'scheme', _sf_url_part(x, '^([A-Za-z][A-Za-z0-9+.-]*):')
);
create or replace macro parse_url(x, permissive := 0) as
    case when x is null then null
        when regexp_matches(x, '^[A-Za-z][A-Za-z0-9+.-]*:') then _sf_url(x)
        when permissive = 1 then json_object('error', 'scheme not specified')
        else error('Error parsing URL: scheme not specified')
    end;

-- split_to_table(x, separator)
create or replace macro _sf_split_to_table(x, separator) as table
    select
        1 as seq,
        unnest(range(1, len(string_split(x, separator)) + 1)) as "INDEX",
        unnest(string_split(x, separator)) as "VALUE";

-- to_varchar(time, format) for a column, whose type is not known when the statement is translated.
create or replace macro _sf_time_text(x, format) as strftime(x::timestamp, format);
create or replace macro _sf_number_text(x, pattern) as format(pattern, x::double);

-- Timestamps without zone keep the clock time of the text and drop its offset.
create or replace macro _sf_clock_time(x) as cast(x as timestamp);
create or replace macro _sf_try_to_timestamp(x) as
    case when regexp_full_match(x, '[+-]?\d+') then
            case
                when abs(try_cast(x as hugeint)) < 31536000000 then make_timestamp(try_cast(x as bigint) * 1000000)
                when abs(try_cast(x as hugeint)) < 31536000000000 then make_timestamp(try_cast(x as bigint) * 1000)
                when abs(try_cast(x as hugeint)) < 31536000000000000 then make_timestamp(try_cast(x as bigint))
            end
        else try_cast(x as timestamp)
    end;
create or replace macro try_to_timestamp(x) as _sf_try_to_timestamp(x);
create or replace macro try_to_timestamp_ntz(x) as _sf_try_to_timestamp(x);
create or replace macro _sf_try_to_date(x) as cast(try_cast(x as timestamp) as date);

-- date_trunc of a date is a date.
create or replace macro _sf_date_trunc(part, x date) as cast(date_trunc(part, x) as date),
    (part, x timestamp) as date_trunc(part, x),
    (part, x timestamptz) as date_trunc(part, x),
    (part, x varchar) as date_trunc(part, cast(x as timestamp));

-- Arrays are lists or JSON, depending on where they come from.
create or replace macro _sf_array_to_string(list, separator) as
    array_to_string(
        list_transform(cast(to_json(list) as varchar[]), lambda element: coalesce(element, '')), separator
    );
create or replace macro _sf_array_contains(element, list) as
    list_contains(cast(to_json(list) as json[]), to_json(element));
create or replace macro _sf_typeof(x) as
    case json_type(to_json(x))
        when 'UBIGINT' then 'INTEGER'
        when 'BIGINT' then 'INTEGER'
        when 'DOUBLE' then 'DECIMAL'
        when 'NULL' then 'NULL_VALUE'
        else json_type(to_json(x))
    end;

-- One number for a set of rows, whatever their order. DuckDB's hashes are unsigned.
create or replace macro hash_agg(x) as (coalesce(bit_xor(hash(x)), 0) & 9223372036854775807)::bigint;

-- Who and where the session is.
create or replace macro current_account() as 'LOCAL';
create or replace macro current_region() as 'LOCAL';
create or replace macro current_warehouse() as 'MIGRATION';
create or replace macro _sf_current_role() as 'MIGRATION';

-- The form with an explicit type, which upstream does not know.
create or replace macro try_to_timestamp_ntz(x) as _sf_try_to_timestamp(x);

create or replace macro _sf_divisor(x) as case when x = 0 then error('Division by zero') else x end;
