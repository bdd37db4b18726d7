{#
  Parts put together to a text that is never NULL: `||` with one missing operand would take the whole sentence away, and
  with it the row's words.
#}
{% macro words() -%}
    concat({% for part in varargs %}coalesce(cast({{ part }} as string), 'undefined'){{ ", " if not loop.last }}{% endfor %})
{%- endmacro %}

{# A number for people: two decimals with its sign, 'undefined' where there is none. #}
{% macro in_words(number) -%}
    case
        when {{ number }} is null then 'undefined'
        when {{ number }} > -5e-3 then concat('+', {{ decimals(number) }})
        else concat('−', {{ decimals(number) }})
    end
{%- endmacro %}

{#
  The magnitude with two decimals, as text. What lies between two of them to rounding is told alike, whatever the order in which a
  sum was made.
#}
{% macro decimals(number) -%}
    {{ formatted("%.2f", "round(abs(" ~ number ~ "), 12)") }}
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
    case when {{ number }} is null then 'undefined' else concat({{ formatted("%.0f", "round(100 * (" ~ number ~ "), 9)") }}, ' %') end
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
        when 'too_few_contexts' then 'two contexts cannot tell how contexts differ, so there is no interval'
        when 'no_fit' then 'there is not enough to fit'
        when 'sizes_are_few' then 'a few sizes are no sample of sizes'
        else 'there is no interval'
    end
{%- endmacro %}
