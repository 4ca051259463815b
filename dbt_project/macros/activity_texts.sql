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


{# A text as a JSON string, with its quotation marks. #}
{% macro as_json_text(column) -%}
    '"' || replace(replace({{ column }}, '\\', '\\\\'), '"', '\\"') || '"'
{%- endmacro %}


{# E-mail addresses separated by semicolons as HubSpot's JSON list; an empty list for none. #}
{% macro as_email_list(column) -%}
    iff(
        nullif(trim({{ column }}), '') is null,
        '[]',
        '[{"email":' || regexp_replace({{ as_json_text(column) }}, ' *; *', '"},{"email":"') || '}]'
    )
{%- endmacro %}
