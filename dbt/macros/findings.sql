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

{% macro inverse_freedom_needed(degrees_of_freedom, reach="reach") -%}
    least(1 / ({{ degrees_of_freedom }} * greatest(pow(2.801585e0 * {{ reach }}, 2), 1e0)), 1e0)
{%- endmacro %}

{% macro needed_growth(reach="reach", inverse_freedom="inverse_freedom") -%}
    pow((8.41621e-1 + {{ t_975_of_inverse(inverse_freedom) }}) * {{ reach }}, 2)
{%- endmacro %}

{# The standard error that an interval of Student's t was made from. #}
{% macro standard_error_of(low, high, degrees_of_freedom) -%}
    ({{ high }} - {{ low }}) / 2
    / case when {{ degrees_of_freedom }} >= 1 then {{ t_975_of_inverse("(1 / cast(" ~ degrees_of_freedom ~ " as double))") }} end
{%- endmacro %}

{#
  By how many times the items, the samples of each or the contexts would have to grow alone to bring as much evidence, from the
  share of the estimate's variance that they cause; NULL where no number of them would, because the rest stays.
#}
{% macro needed_growth_of(growth, share) -%}
    case when 1 / {{ growth }} > 1 - {{ share }} then {{ share }} / (1 / {{ growth }} - 1 + {{ share }}) end
{%- endmacro %}

{#
  Items, samples of each and contexts that would decide: at least one more; NULL where none would (`greatest` alone would say 1).
  What lies above a whole number by rounding alone is that number.
#}
{% macro needed_more(n="n", items="n_more") %}
    {% set needed = {
        items: n ~ " * (" ~ needed_growth_of("growth", "(1 - coalesce(share_from_contexts, 0e0))") ~ " - 1)",
        "n_more_samples_per_item": "mean_samples * (" ~ needed_growth_of("growth", "share_from_samples") ~ " - 1)",
        "n_more_contexts": "n_contexts * (" ~ needed_growth_of("growth", "nullif(share_from_contexts, 0)") ~ " - 1)",
    } %}
    {% for name, number in needed.items() %}
        cast(case when {{ number }} is not null then greatest(ceil(round({{ number }}, 9)), 1) end as bigint)
            as {{ name }}{{ "," if not loop.last }}
    {% endfor %}
{%- endmacro %}

{# What the union of findings is made of; each int_finding_ model has these columns. #}
{% macro finding_columns() %}
    {{ return({
        "finding": "string", "task": "string", "problem_id": "string", "model_id": "string", "condition_id": "string",
        "temperature": "double", "length_axis": "string", "decomposition": "string", "n_models": "bigint",
        "is_simulated": "boolean", "statistic_name": "string", "statistic": "double", "statistic_ci_low": "double",
        "statistic_ci_high": "double", "degrees_of_freedom": "double", "n": "bigint", "n_unit": "string",
        "n_wrong_items": "double", "mean_samples": "double", "share_from_samples": "double",
        "n_contexts": "bigint", "share_from_contexts": "double", "cost_usd_per_sample": "double",
        "interval_note": "string", "precondition": "string", "precondition_reach": "double",
        "precondition_freedom": "double", "told": "string",
        "fit_id": "string", "is_told": "boolean",
    }) }}
{% endmacro %}

{# Those of them that a finding has nothing to say in. #}
{% macro without_columns() -%}
    {%- for name in varargs %}
    cast(null as {{ finding_columns()[name] }}) as {{ name }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Columns of one type without a value. #}
{% macro nulls(type) -%}
    {%- for name in varargs %}
    cast(null as {{ type }}) as {{ name }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# A finding that rests on nothing but its own interval. #}
{% macro without_precondition() -%}
    'holds' as precondition,
    {{ without_columns("precondition_reach", "precondition_freedom") }}
{%- endmacro %}
