{#
  The verdict of a row that a finding (seed known_findings: kind, measured_as, min_n) is told from: what its interval says
  (of_statistic: see verdict_of_statistic), unless what it rests on (precondition, a verdict itself) says otherwise.
#}
{% macro finding_verdict() -%}
    case
        -- From a handful of units an interval is itself a guess.
        when n < min_n then 'cannot_tell'
        -- A check of the machinery holds where the statistic is as good as what algebra says.
        when kind = 'sanity_check'
            then case of_statistic
                when 'negligible' then 'holds' when 'cannot_tell' then 'cannot_tell' else 'does_not_hold'
            end
        when precondition = 'does_not_hold' then 'does_not_hold'
        when of_statistic = 'does_not_hold' then 'does_not_hold'
        when precondition = 'cannot_tell' then 'cannot_tell'
        when of_statistic = 'cannot_tell' then 'cannot_tell'
        when precondition = 'negligible' then 'negligible'
        else of_statistic
    end
{%- endmacro %}

{# What the interval alone says. #}
{% macro verdict_of_statistic() -%}
    {{ verdict("statistic_ci_low", "statistic_ci_high", negligible_margin(), "expected") }}
{%- endmacro %}

{# How close to 0 is as good as 0. #}
{% macro negligible_margin() -%}
    case measured_as
        when 'slope' then cast({{ var("negligible_slope") }} as double)
        when 'proportion' then cast({{ var("proportional_slope") }} as double)
        else cast({{ var("negligible_difference") }} as double)
    end
{%- endmacro %}

{# What says that two rows tell of the same finding on the same data, by whatever metric or way of analysing them. #}
{% macro told_id() -%}
    {{ words("finding", "' '", "task", "' '", "fit_id", "' '", "condition_id", "' '", "temperature") }}
{%- endmacro %}

{# Two budgets, of the models that are told by one axis: others have a finding of their own. #}
{% macro budgets_id(length_axis) -%}
    concat(low_condition_id, ' ', {{ length_axis }})
{%- endmacro %}
