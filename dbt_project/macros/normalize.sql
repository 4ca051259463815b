{# An e-mail address as a key: trimmed, lower case; an empty one is null. #}
{% macro email_key(column) -%}
    nullif(lower(trim({{ column }})), '')
{%- endmacro %}


{# Whether a text has the form of a deliverable address: one @, no blanks, a host with a dot and a top-level domain. #}
{% macro is_email(column) -%}
    regexp_like(
        lower(trim({{ column }})),
        '^[a-z0-9!#$%&''*+/=?^_`{|}~-]+([.][a-z0-9!#$%&''*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z]{2,}$'
    )
{%- endmacro %}


{# The host of a web address without protocol, port, path, query and leading www; an empty one is null. #}
{% macro domain_key(column) -%}
    nullif(
        regexp_replace(
            regexp_replace(regexp_replace(lower(trim({{ column }})), '^[a-z]+://', ''), '[/?#:].*$', ''),
            '^www[.]',
            ''
        ),
        ''
    )
{%- endmacro %}


{#
    A company's name as a key: lower case, without accents, punctuation, the word for "and" and legal forms at the end.
    Full stops go first, so that L.L.C. is one word; other punctuation is a blank. Letters of other scripts stay.
#}
{% macro company_name_key(column) -%}
    {%- set plain -%}
        translate(
            replace(replace(lower({{ column }}), 'ß', 'ss'), '.', ''),
            'áàâäãåçéèêëíìîïñóòôöõøúùûüýÿ!"#$%&''()*+,/:;<=>?@[]^_`{|}~-',
            'aaaaaaceeeeiiiinoooooouuuuyy                              '
        )
    {%- endset -%}
    nullif(
        trim(
            regexp_replace(
                regexp_replace(regexp_replace({{ plain }}, ' +', ' '), ' and ', ' '),
                '( (inc|incorporated|llc|ltd|limited|gmbh|ag|se|sa|sas|sarl|sl|bv|plc|corp|corporation|co|company|kg|ohg|pty|group|grp))+ *$',
                ''
            )
        ),
        ''
    )
{%- endmacro %}
