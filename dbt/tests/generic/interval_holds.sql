{# Rows whose interval does not hold its own estimate, or is half missing. #}
{% test interval_holds(model, column_name) %}

    select
        {{ column_name }},
        {{ column_name }}_ci_low,
        {{ column_name }}_ci_high
    from {{ model }}
    where
        {{ column_name }} < {{ column_name }}_ci_low
        or {{ column_name }} > {{ column_name }}_ci_high
        or ({{ column_name }}_ci_low is null) <> ({{ column_name }}_ci_high is null)

{% endtest %}
