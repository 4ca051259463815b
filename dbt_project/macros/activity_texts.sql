{# A plain text as HTML: its special characters escaped, its line breaks kept. #}
{% macro as_html(column) -%}
    replace(
        replace(
            replace(
                replace(replace(trim({{ column }}, chr(10)), '&', '&amp;'), '<', '&lt;'),
                '>',
                '&gt;'
            ),
            chr(13),
            ''
        ),
        chr(10),
        '<br>'
    )
{%- endmacro %}


{#
    A plain text as HTML with a record's id at its end: what Intercom keeps no key for is found by it. The same text stands
    in load/intercom/messages.py, and staging reads the id back by it.
#}
{% macro as_marked_html(text, key) -%}
    '<p>' || {{ as_html(text) }} || '</p><p>[Salesforce ' || {{ key }} || ']</p>'
{%- endmacro %}


{# The record's id that `as_marked_html` put at the end of a text; null where there is none. #}
{% macro marked_key(html) -%}
    nullif(split_part(split_part({{ html }}, '[Salesforce ', 2), ']', 1), '')
{%- endmacro %}


{# A text as a JSON string, with its quotation marks; JSON allows no line break in one, so each becomes a space. #}
{% macro as_json_text(column) -%}
    '"' || regexp_replace(replace(replace({{ column }}, '\\', '\\\\'), '"', '\\"'), '[[:cntrl:]]+', ' ') || '"'
{%- endmacro %}


{# E-mail addresses separated by semicolons as HubSpot's JSON list; an empty list for none. #}
{% macro as_email_list(column) -%}
    {%- set addresses = "trim(regexp_replace(" ~ column ~ ", '([[:space:]]*;[[:space:]]*)+', ';'), '; ')" -%}
    iff(
        nullif({{ addresses }}, '') is null,
        '[]',
        '[{"email":' || replace({{ as_json_text(addresses) }}, ';', '"},{"email":"') || '}]'
    )
{%- endmacro %}
