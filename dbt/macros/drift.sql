{# What samples of one model name may differ in over time: name → column of int_drift_periods' counts. #}
{% macro drift_columns() %}
    {{ return({"date": "day", "served_model": "served_model", "system_fingerprint": "system_fingerprint"}) }}
{% endmacro %}

{#
  Half the width of an interval as the drift for which it would leave out 0 in 80 of 100 repetitions: (1.96 + 0.84) standard errors,
  with 1.96 of them, or as many as Student's t has, in the half width.
#}
{% macro smallest_change(half_width) -%}
    ({{ half_width }}) * (1 + 0.8416212335729143e0 / 1.959963984540054e0)
{%- endmacro %}

{# What the interval of a drift says, against the margin within which it is none. #}
{% macro drift_verdict() -%}
    case
        when drift_note is not null or n_items < {{ var("min_compared_items") }} then 'cannot_tell'
        when change_since_ci_low > 0 then 'risen'
        when change_since_ci_high < 0 then 'fallen'
        when
            change_since_ci_low > -cast({{ var("negligible_difference") }} as double)
            and change_since_ci_high < cast({{ var("negligible_difference") }} as double)
            then 'negligible'
        else 'cannot_tell'
    end
{%- endmacro %}
