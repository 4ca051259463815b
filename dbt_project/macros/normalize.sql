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
                '( (inc|incorporated|llc|ltd|limited|gmbh|ag|se|sa|sas|sarl|sl|bv|plc|llp|lp|corp|corporation|co|company|kg|ohg|pty|group|grp))+ *$',
                ''
            )
        ),
        ''
    )
{%- endmacro %}


{#
    A text to compare: lower case, without accents and punctuation, one blank between words. Letters of other scripts stay.
    An empty one is null.
#}
{% macro plain_text(column) -%}
    nullif(
        trim(
            regexp_replace(
                translate(
                    replace(replace(lower({{ column }}), 'ß', 'ss'), '''', ''),
                    'áàâäãåçéèêëíìîïñóòôöõøúùûüýÿ!"#$%&()*+,./:;<=>?@[]^_`{|}~-',
                    'aaaaaaceeeeiiiinoooooouuuuyy                               '
                ),
                '[[:space:]]+',
                ' '
            )
        ),
        ''
    )
{%- endmacro %}


{# A telephone number without its extension, however that is written. #}
{% macro without_extension(column) -%}
    regexp_replace(lower({{ column }}), '(ext|durchwahl|poste|x|#).*$', '')
{%- endmacro %}


{#
    A telephone number as a key: its last ten digits, since the country code and the trunk zero are written or not; the
    extension is left out, and what has fewer than seven digits is none.
#}
{% macro phone_key(column) -%}
    {%- set digits -%}
        right(regexp_replace({{ without_extension(column) }}, '[^0-9]', ''), 10)
    {%- endset -%}
    iff(length({{ digits }}) >= 7, {{ digits }}, null)
{%- endmacro %}


{#
    A line of an address as a key: number and name of the street. The kind of street is written in so many ways that it and
    what follows it is left out, and so is the unit within the house.
#}
{% macro street_key(column) -%}
    {%- set kinds = 'street|st|road|rd|avenue|ave|av|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|highway|hwy|crescent|cres'
        ~ '|circuit|cct|close|cl|parade|pde|terrace|tce|square|sq|parkway|pkwy' -%}
    {%- set line = "regexp_replace(lower(" ~ column ~ "), '(,|#| apt| unit| suite| ste| flat| room| floor).*$', '')" -%}
    {%- set street = "regexp_replace(' ' || " ~ plain_text(line) ~ " || ' ', ' (" ~ kinds ~ ") .*$', ' ')" -%}
    nullif(
        trim(
            replace(replace(replace(replace({{ street }}, ' north ', ' n '), ' south ', ' s '), ' east ', ' e '), ' west ', ' w ')
        ),
        ''
    )
{%- endmacro %}


{# A postal code as a key: letters and digits only, of an American ZIP+4 the first five. #}
{% macro postal_key(column) -%}
    nullif(regexp_replace(regexp_replace(lower({{ column }}), '^([0-9]{5})-[0-9]{4}$', '\\1'), '[^a-z0-9]', ''), '')
{%- endmacro %}
