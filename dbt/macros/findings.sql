{#
  What an interval says about a statistic that a finding expects to be positive (or negative). A whole interval within the margin
  around 0 says that there is nothing worth speaking of, even if it leaves out 0. Without an interval nothing can be told.
#}
{% macro verdict(low, high, margin, expected="'positive'") -%}
    case
        when {{ low }} is null or {{ high }} is null then 'cannot_tell'
        when {{ low }} >= -({{ margin }}) and {{ high }} <= {{ margin }} then 'negligible'
        when {{ low }} > 0 then case when {{ expected }} = 'positive' then 'holds' else 'does_not_hold' end
        when {{ high }} < 0 then case when {{ expected }} = 'negative' then 'holds' else 'does_not_hold' end
        else 'cannot_tell'
    end
{%- endmacro %}

{# The same in words, to start a sentence with. #}
{% macro verdict_words(verdict) -%}
    case {{ verdict }}
        when 'holds' then 'Holds'
        when 'does_not_hold' then 'Does not hold'
        when 'negligible' then 'Negligible'
        else 'Cannot tell'
    end
{%- endmacro %}

{#
  How many times as much evidence would decide: an interval so narrow that, if the estimate stays as it is, four experiments of
  five end in a verdict, `negligible` or one of the others, whichever takes less. z.975 + z.8 = 2.8016 standard errors are within
  reach of the nearer bound when there are many degrees of freedom; then again with those that so much evidence has.
#}
{% macro needed_growth(statistic, standard_error, degrees_of_freedom, margin) -%}
    {%- set reach = standard_error ~ " / greatest(abs(" ~ statistic ~ "), " ~ margin ~ " - abs(" ~ statistic ~ "))" -%}
    {%- set at_least = "greatest(pow(2.801585e0 * " ~ reach ~ ", 2), 1e0)" -%}
    pow(
        (
            8.41621e-1 + {{ t_975_of_inverse("least(1 / (" ~ degrees_of_freedom ~ " * " ~ at_least ~ "), 1e0)") }}
        ) * {{ reach }},
        2
    )
{%- endmacro %}

{#
  By how many times the samples of each item would have to grow to bring as much evidence; NULL where no number of samples would,
  because what items differ by stays however often they are asked.
#}
{% macro needed_sample_growth(growth, share_from_samples) -%}
    case
        when 1 / {{ growth }} > 1 - {{ share_from_samples }}
            then {{ share_from_samples }} / (1 / {{ growth }} - 1 + {{ share_from_samples }})
    end
{%- endmacro %}

{#
  Parts put together to a text that is never NULL: `||` with one missing operand would take the whole sentence away, and
  with it the row's words.
#}
{% macro words() -%}
    concat({% for part in varargs %}coalesce(cast({{ part }} as varchar), 'undefined'){{ ", " if not loop.last }}{% endfor %})
{%- endmacro %}

{# A number for people: two decimals with its sign, 'undefined' where there is none. #}
{% macro in_words(number) -%}
    case
        when {{ number }} is null then 'undefined'
        when {{ number }} > -5e-3 then concat('+', {{ decimals(number) }})
        else concat('−', {{ decimals(number) }})
    end
{%- endmacro %}

{# The magnitude with two decimals, as text. #}
{% macro decimals(number) -%}
    {{ formatted("%.2f", "abs(" ~ number ~ ")") }}
{%- endmacro %}

{# '(95 % interval −0.10 to +0.40, n = 10)', or why there is none. #}
{% macro interval_in_words(low, high, n, unit) -%}
    case
        when {{ low }} is null then {{ words("'('", "coalesce(" ~ n ~ ", 0)", "' '", unit, "')'") }}
        else
            {{
                words("'(95 % interval '", in_words(low), "' to '", in_words(high), "', '", n, "' '", unit, "')'")
            }}
    end
{%- endmacro %}

{# '(−0.10 to +0.40)'; nothing where there is no interval. #}
{% macro ends_in_words(low, high) -%}
    case when {{ low }} is null then '' else {{ words("'('", in_words(low), "' to '", in_words(high), "')'") }} end
{%- endmacro %}

{# A level, not a change: two decimals, and a sign only below 0, where a corrected estimate may lie. #}
{% macro level_in_words(number) -%}
    case
        when {{ number }} is null then 'undefined'
        when {{ number }} <= -5e-3 then concat('−', {{ decimals(number) }})
        else {{ decimals(number) }}
    end
{%- endmacro %}

{# A share in per cent. #}
{% macro share_in_words(number) -%}
    case when {{ number }} is null then 'undefined' else concat({{ formatted("%.0f", "100 * " ~ number) }}, ' %') end
{%- endmacro %}

{# 'Brier incoherence': the metric is part of the result. #}
{% macro metric_in_words(decomposition="decomposition") -%}
    concat(
        case {{ decomposition }}
            when 'kl' then 'KL' when 'brier' then 'Brier' when 'coverage' then 'test-coverage' when 'score' then 'score'
            else {{ decomposition }}
        end,
        ' incoherence'
    )
{%- endmacro %}

{#
  Why a statistic has no interval, as the end of a sentence. What is_needed says more is said beside it.
#}
{% macro note_in_words(note) -%}
    case {{ note }}
        when 'too_few_errors' then 'too few answers are wrong for an interval'
        when 'no_spread' then 'nothing differs between them, so there is no interval'
        when 'no_fit' then 'there is not enough to fit'
        when 'sizes_are_few' then 'a few sizes are no sample of sizes'
        else 'there is no interval'
    end
{%- endmacro %}

{# What the union of findings is made of; each int_finding_ model has these columns. #}
{% macro finding_columns() %}
    {{ return([
        "finding", "task", "problem_id", "model_id", "condition_id", "temperature", "length_axis", "decomposition",
        "n_models", "is_simulated", "statistic_name", "statistic", "statistic_ci_low", "statistic_ci_high",
        "degrees_of_freedom", "n", "n_unit", "n_wrong_items", "mean_samples", "share_from_samples", "cost_usd_per_sample",
        "interval_note", "precondition", "told", "other_verdict", "other_told",
    ]) }}
{% endmacro %}
