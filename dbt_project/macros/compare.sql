{#
    How a value that we sent is compared with the one that the target holds: the rules of comparison, in one place.

    `expected` is the mart's column, `found` the target's value as text. Targets store an empty text as nothing, trim
    texts, and give numbers, dates and times back in their own spelling, so each type is compared as what it means.
#}
{% macro is_same_value(expected, found, data_type, target) -%}
    {%- set kind = data_type | lower -%}
    {%- if kind.startswith('number') or kind == 'double' -%}
        {%- set typed = "try_to_decimal(" ~ found ~ ", 38, 6)" -%}
        {%- set wanted = "cast(" ~ expected ~ " as number(38, 6))" -%}
    {%- elif kind == 'boolean' -%}
        {%- set typed = "nullif(lower(" ~ found ~ "), '')" -%}
        {%- set wanted = "cast(" ~ expected ~ " as varchar)" -%}
    {%- elif target == 'intercom' and (kind == 'date' or kind.startswith('timestamp')) -%}
        {%- set typed = "try_to_decimal(" ~ found ~ ", 38, 0)" -%}
        {%- set wanted = "date_part(epoch_second, cast(" ~ expected ~ " as timestamp_ntz))" -%}
    {%- elif kind == 'date' -%}
        {%- set typed = "try_to_date(" ~ found ~ ")" -%}
        {%- set wanted = expected -%}
    {%- elif kind.startswith('timestamp') -%}
        {%- set typed = "date_trunc('second', try_to_timestamp_ntz(" ~ found ~ "))" -%}
        {%- set wanted = "date_trunc('second', " ~ expected ~ ")" -%}
    {%- else -%}
        {%- set typed = "nullif(trim(" ~ found ~ "), '')" -%}
        {%- set wanted = "nullif(trim(" ~ expected ~ "), '')" -%}
    {%- endif -%}
    {{ wanted }} is not distinct from {{ typed }}
{%- endmacro %}


{#
    What a target holds of an object by our keys; in Intercom with the keys of the contact and the ticket that a record is of.
#}
{% macro held_records(target, object) %}
    select
        records.properties,
        {% if target == 'intercom' -%}
        records.custom_attributes,
        contacts.record_key as contact_key,
        tickets.record_key as ticket_key,
        {% endif -%}
        records.record_key
    from {{ ref('stg_' ~ target ~ '__records') }} as records
    {% if target == 'intercom' -%}
    left join {{ ref('stg_intercom__records') }} as contacts
        on contacts.object = 'contacts' and records.intercom_contact_id = contacts.intercom_id
    left join {{ ref('stg_intercom__records') }} as tickets
        on tickets.object = 'tickets' and records.intercom_ticket_id = tickets.intercom_id
    {% endif -%}
    where records.object = '{{ object }}' and records.record_key is not null
    -- two target records with one key are reported by their own test; comparing with one of them is enough here
    qualify row_number() over (partition by records.record_key order by records.record_key) = 1
{% endmacro %}


{#
    What else an object's records name by our keys: pipelines, stages, files, each with HubSpot's id of it.
#}
{% macro named_in_hubspot(object) %}
    select
        kind,
        record_key,
        hubspot_id
    from {{ ref('int_recon_stages') }}
    where object = '{{ object }}'
    union all
    select
        'files' as kind,
        record_key,
        hubspot_id
    from {{ ref('stg_hubspot__files') }}
{% endmacro %}


{#
    A mart's value as the target spells it: its id of the record, stage or file that our key names, from the join `<column>_there`.
    A stage that the seed does not declare is named by the target's id already; a file that is gone has none and differs.
#}
{% macro as_held(column) -%}
    {%- if column.refers_to in ('pipelines', 'stages', 'files') -%}
    coalesce({{ column.name }}_there.hubspot_id, expected.{{ column.name }})
    {%- elif column.refers_to -%}
    {{ column.name }}_there.hubspot_id
    {%- else -%}
    expected.{{ column.name }}
    {%- endif -%}
{%- endmacro %}


{#
    One row per property of a record mart whose value in the target differs from the one sent.

    The mart and the staged read-back are joined on the key, and every column of the mart's contract is compared. In
    Intercom a custom property stands among the custom attributes, a column with `meta.read_at` where that says, and the
    contact or ticket of a record is named by Intercom's own id.
#}
{% macro mismatching_fields(target, object) %}
{%- set columns = contract_properties(target ~ '__' ~ object) -%}
with expected as (
    select
        {% for column in columns -%}
        {{ column.name }},
        {% endfor -%}
        _record_key
    from {{ ref(target ~ '__' ~ object) }}
),

found as (
    {{ held_records(target, object) }}
),

{% if target == 'hubspot' -%}
named as (
    {{ named_in_hubspot(object) }}
),

{% endif -%}
compared as (
    select
        expected._record_key,
        {% for column in columns -%}
        {%- set place = 'custom_attributes' if column.is_custom and target == 'intercom' else 'properties' -%}
        {%- set path = (column.read_at or column.name) | replace('.', ':') -%}
        {%- set found_value = 'found.' ~ column.name if column.name in ('contact_key', 'ticket_key') else 'found.' ~ place ~ ':' ~ path ~ '::varchar' -%}
        {%- set wanted = as_held(column) -%}
        cast({{ wanted }} as varchar) as expected_{{ loop.index }},
        {{ found_value }} as found_{{ loop.index }},
        {{ is_same_value(wanted, found_value, column.data_type, target) }} as is_same_{{ loop.index }}{{ ',' if not loop.last }}
        {% endfor %}
    from expected
    inner join found on expected._record_key = found.record_key
    {% for column in columns if column.refers_to -%}
    -- our key in the mart, the target's id of that record, stage or file in the target
    {% if column.refers_to in ('pipelines', 'stages', 'files') -%}
    left join named as {{ column.name }}_there
        on
            {{ column.name }}_there.kind = '{{ column.refers_to }}'
            and expected.{{ column.name }} = {{ column.name }}_there.record_key
    {% else -%}
    left join {{ ref('stg_' ~ target ~ '__records') }} as {{ column.name }}_there
        on
            {{ column.name }}_there.object = '{{ column.refers_to }}'
            and expected.{{ column.name }} = {{ column.name }}_there.record_key
    {% endif -%}
    {% endfor %}
)

{% for column in columns -%}
select
    '{{ target }}' as target,
    '{{ object }}' as object,
    _record_key as record_key,
    '{{ column.name }}' as property,
    expected_{{ loop.index }} as expected_value,
    found_{{ loop.index }} as found_value,
    {{ 'true' if column.is_pii else 'false' }} as is_pii
from compared
where not is_same_{{ loop.index }}
{{ 'union all' if not loop.last }}
{% endfor %}
{% endmacro %}


{#
    A value of a row that has `is_pii`: with the variable mask_pii only its first character and its
    length, which show that both sides differ and not what they are.
#}
{% macro masked(value) -%}
    {%- if var('mask_pii', false) -%}
    iff(is_pii, left({{ value }}, 1) || '… (' || length({{ value }}) || ' characters)', {{ value }})
    {%- else -%}
    {{ value }}
    {%- endif -%}
{%- endmacro %}
