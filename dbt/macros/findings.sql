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
  five end in a verdict, `negligible` or one of the others, whichever takes less. Three columns, one after the other: `reach`, the
  standard error in units of the distance to the nearer bound; `inverse_freedom`, one over the degrees of freedom when z.975 +
  z.8 = 2.8016 such errors fit in; and the growth, with Student's quantile for those.
#}
{% macro reach(statistic, standard_error, margin) -%}
    {{ standard_error }} / greatest(abs({{ statistic }}), {{ margin }} - abs({{ statistic }}))
{%- endmacro %}

{% macro inverse_freedom_needed(degrees_of_freedom) -%}
    least(1 / ({{ degrees_of_freedom }} * greatest(pow(2.801585e0 * reach, 2), 1e0)), 1e0)
{%- endmacro %}

{% macro needed_growth() -%}
    pow((8.41621e-1 + {{ t_975_of_inverse("inverse_freedom") }}) * reach, 2)
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

{# What the union of findings is made of; each int_finding_ model has these columns. #}
{% macro finding_columns() %}
    {{ return([
        "finding", "task", "problem_id", "model_id", "condition_id", "temperature", "length_axis", "decomposition",
        "n_models", "is_simulated", "statistic_name", "statistic", "statistic_ci_low", "statistic_ci_high",
        "degrees_of_freedom", "n", "n_unit", "n_wrong_items", "mean_samples", "share_from_samples", "cost_usd_per_sample",
        "interval_note", "precondition", "told", "other_verdict", "other_told",
    ]) }}
{% endmacro %}
