{#
    The record marts that have an exposure, as [target, object]; dbt needs them while parsing, before it knows the
    exposures, so they stand here too. A test compares both.
#}
{% macro outbound_records() %}
    {{ return([
        ('hubspot', 'companies'),
        ('hubspot', 'contacts'),
        ('hubspot', 'deals'),
        ('hubspot', 'tickets'),
        ('intercom', 'companies'),
        ('intercom', 'contacts'),
    ]) }}
{% endmacro %}

