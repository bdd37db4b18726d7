{# The parts that the sentence of a finding is put together from; all of them see a row of int_findings. #}

{# Whom a finding is told of, and whether that is a stand-in. #}
{% macro subject_in_words() -%}
    concat(
        case
            when model_id is not null then model_id
            when n_unit = 'sizes' then {{ words("n", "' sizes'") }}
            when n_models = 1 then 'the one model that errs enough'
            else {{ words("'all '", "n_models", "' models'") }}
        end,
        case when is_simulated then ' (simulated)' else '' end
    )
{%- endmacro %}

{# The condition with its temperature, which labels of imported runs need not say. #}
{% macro condition_in_words() -%}
    case
        when judged.temperature is not null then {{ words("' (T '", formatted("%.1f", "judged.temperature"), "')'") }}
        when conditions.condition_label is null then ''
        when conditions.condition_label like '%temperature: %' or conditions.condition_label like '%T 0%'
            or conditions.condition_label like '%T 1%' or conditions.condition_label like '%T 2%'
            then concat(' (', conditions.condition_label, ')')
        when conditions.temperature is null then concat(' (', conditions.condition_label, ' · temperature not reported)')
        else
            {{ words("' ('", "conditions.condition_label", "' · T '", formatted("%.1f", "conditions.temperature"), "')'") }}
    end
{%- endmacro %}

{# Whether the pool's other metric comes to the same. #}
{% macro other_in_words() -%}
    case
        when other_verdict is null then ''
        when other_verdict = verdict then concat('; ', other_told, ', the same')
        else {{ words("'; '", "other_told", "', another verdict: '", "replace(other_verdict, '_', ' ')") }}
    end
{%- endmacro %}

{# How many other ways of analysing the same data end in the same verdict. #}
{% macro analyses_in_words() -%}
    case
        when n_analyses is null then ''
        else {{ words("'; of '", "n_analyses", "' ways to analyse it '", "n_same_verdict", "' end in the same verdict'") }}
    end
{%- endmacro %}

{# What would decide, and at what price. #}
{% macro needs_in_words() -%}
    case
        when n_more is null and n_more_contexts is null and verdict = 'cannot_tell' and share_from_contexts > 0
            then '; more items and more contexts, together, would decide if this stays as it is'
        when n_more is null and n_more_contexts is null then ''
        else
            {{
                words(
                    "'; some '",
                    "case when n_more is null then '' else " ~ words("n_more", "' more '", "n_unit") ~ " end",
                    "case when n_more_samples_per_item is null then '' else " ~ words(
                        "', or '", "n_more_samples_per_item", "' more samples of each,'"
                    ) ~ " end",
                    "case when n_more is null or n_more_contexts is null then '' else ' or ' end",
                    "case when n_more_contexts is null then '' else " ~ words("n_more_contexts", "' more contexts'") ~ " end",
                    "' would decide if this stays as it is'", price_in_words(),
                )
            }}
    end
{%- endmacro %}

{% macro price_in_words() -%}
    case
        when n_unit <> 'items' or coalesce(cost_usd_per_sample, 0) = 0 then ''
        else
            {{
                words(
                    "', for about $'",
                    "concat_ws(' or $', " ~ formatted("%.2f", cost_of_more("n_more")) ~ ", "
                    ~ formatted("%.2f", cost_of_more("n_more_samples_per_item")) ~ ", "
                    ~ formatted("%.2f", cost_of_more("n_more_contexts")) ~ ")",
                )
            }}
    end
{%- endmacro %}

{# What so many more items, samples of each or contexts (with as many samples of each item as now) cost. #}
{% macro cost_of_more(column) -%}
    {%- set samples = {
        "n_more": "n_more * mean_samples",
        "n_more_samples_per_item": "n * n_more_samples_per_item",
        "n_more_contexts": "n * n_more_contexts * mean_samples / nullif(n_contexts, 0)",
    } -%}
    {{ samples[column] }} * n_models * cost_usd_per_sample
{%- endmacro %}

{# Of many tests some come out by chance. #}
{% macro chance_in_words() -%}
    case
        when verdict in ('holds', 'does_not_hold') and p_adjusted > 5e-2
            then
                {{
                    words(
                        "'; one such result among '", "n_tests", "' findings may be chance (adjusted p = '",
                        formatted("%.2f", "p_adjusted"), "')'",
                    )
                }}
        else ''
    end
{%- endmacro %}
