{# Objects whose records are not all accounted for: every source record has exactly one outcome. #}
{% test adds_up(model) %}

select
    target,
    object,
    source_records,
    merged + quarantined + unexpected + verified + unchecked + mismatched + refused + failed + unexplained_loss as accounted_for
from {{ model }}
where source_records <> merged + quarantined + unexpected + verified + unchecked + mismatched + refused + failed + unexplained_loss

{% endtest %}
