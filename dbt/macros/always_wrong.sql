{# The error of an item that is answered wrong each time, by the metric: what errors are counted in. #}
{% macro always_wrong(decomposition="decomposition") -%}
    case {{ decomposition }}
        when 'kl' then -({{ log_smoothed("0e0", "4e0") }})
        when 'brier' then 2e0
        else 1e0
    end
{%- endmacro %}
