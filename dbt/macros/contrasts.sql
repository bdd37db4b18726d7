{# What a contrast of two conditions says of incoherence, and in words. They see a row of fig_contrasts. #}

{# Below some items, or wrong answers on a side, an interval is itself a guess. #}
{% macro is_too_little() -%}
    (
        n_items < {{ var("min_compared_items") }}
        or coalesce({{ steady("least(n_wrong_items, other_n_wrong_items)") }}, 0) < {{ var("min_wrong_items") }}
    )
{%- endmacro %}

{# By the whole interval, as findings are told. #}
{% macro contrast_verdict() -%}
    case
        when {{ is_too_little() }} then 'cannot_tell'
        else
            case {{
                verdict(
                    "incoherence_unbiased_difference_ci_low", "incoherence_unbiased_difference_ci_high",
                    var("negligible_difference"), "'negative'"
                )
            }}
                when 'holds' then 'more_coherent'
                when 'does_not_hold' then 'more_scattered'
                when 'negligible' then 'negligible'
                else 'cannot_tell'
            end
    end
{%- endmacro %}

{# 'system: not set → grader': from what to what the setting is changed. #}
{% macro contrast_in_words() -%}
    concat(setting, ': ', coalesce(setting_value, 'not set'), ' → ', coalesce(other_setting_value, 'not set'))
{%- endmacro %}

{# 'error +0.10 (+0.05 to +0.15)' #}
{% macro change_in_words(name, measure) -%}
    {%- set difference = measure ~ "_difference" -%}
    {{
        words(
            "'" ~ name ~ " '", in_words(difference), "' '",
            ends_in_words(difference ~ "_ci_low", difference ~ "_ci_high")
        )
    }}
{%- endmacro %}

{% macro contrast_sentence() -%}
    {{
        words(
            "case verdict when 'more_coherent' then 'More coherent' when 'more_scattered' then 'More scattered' "
            ~ "when 'negligible' then 'Negligible' else 'Cannot tell' end",
            "' for '", "model_id", "case when is_simulated then ' (simulated)' else '' end", "' on '", "task", "', '",
            contrast_in_words(), "': '",
            metric_in_words(), "' '", level_in_words("incoherence_unbiased"), "' → '",
            level_in_words("other_incoherence_unbiased"), "', '", in_words("incoherence_unbiased_difference"), "' '",
            interval_in_words(
                "incoherence_unbiased_difference_ci_low", "incoherence_unbiased_difference_ci_high", "n_items", "'items'"
            ),
            "'; '", change_in_words("error", "error"), "', '", change_in_words("bias²", "bias_sq_unbiased"), "', '",
            change_in_words("variance", "variance_unbiased"),
            "case when interval_note is null then '' else concat('; ', " ~ note_in_words("interval_note") ~ ") end",
            "case when " ~ is_too_little() ~ " then '; too few items, or too few of them wrong, to tell' else '' end", "'.'",
        )
    }}
{%- endmacro %}
