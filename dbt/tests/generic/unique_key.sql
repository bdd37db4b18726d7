{# Rows whose key is incomplete or not theirs alone. #}
{% test unique_key(model, columns) %}

    select
        {{ columns | join(", ") }},
        count(*) as n_rows
    from {{ model }}
    group by {{ columns | join(", ") }}
    having
        count(*) > 1
        {% for column in columns %}
            or {{ column }} is null
        {% endfor %}

{% endtest %}
