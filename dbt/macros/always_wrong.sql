{# The error of an item that is answered wrong each time, by the metric: what errors are counted in. delta: see log_smoothed. #}
{% macro always_wrong(decomposition="decomposition", delta=none) -%}
    case {{ decomposition }}
        when 'kl' then -({{ log_smoothed("0e0", "4e0", delta) }})
        when 'brier' then 2e0
        else 1e0
    end
{%- endmacro %}

{# Items that are always wrong that a contrast rests on, on the side that has fewest; sides: see pooled_contrast. #}
{% macro wrong_items_of(sides, delta=none) -%}
    least({% for side in sides %}total_error_{{ side }}{{ ", " if not loop.last }}{% endfor %}) / ({{ always_wrong(delta=delta) }})
{%- endmacro %}
