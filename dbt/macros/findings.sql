{# What an interval says about a finding that expects a positive (or negative) statistic. Never forced. #}
{% macro verdict(low, high, expected="positive") -%}
    case
        when {{ low if expected == "positive" else "-" ~ high }} > 0 then 'holds'
        when {{ high if expected == "positive" else "-" ~ low }} < 0 then 'does_not_hold'
        else 'cannot_tell'
    end
{%- endmacro %}

{# The same in words, to start a sentence with. #}
{% macro verdict_words(verdict) -%}
    case {{ verdict }}
        when 'holds' then 'Holds'
        when 'does_not_hold' then 'Does not hold'
        else 'Cannot tell'
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
        when {{ number }} >= 0 then concat('+', {{ decimals(number) }})
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
        when {{ low }} is null then {{ words("'(no interval from '", "coalesce(" ~ n ~ ", 0)", "' " ~ unit ~ ")'") }}
        else
            {{
                words("'(95 % interval '", in_words(low), "' to '", in_words(high), "', '", n, "' " ~ unit ~ ")'")
            }}
    end
{%- endmacro %}

{# A level, not a change: two decimals, and a sign only below 0, where a corrected estimate may lie. #}
{% macro level_in_words(number) -%}
    case
        when {{ number }} is null then 'undefined'
        when {{ number }} < 0 then concat('−', {{ decimals(number) }})
        else {{ decimals(number) }}
    end
{%- endmacro %}

{# 'incoherence', by the decomposition's name where that is not the main one of questions with options. #}
{% macro incoherence_in_words() -%}
    case decomposition when 'kl' then 'incoherence' else concat(decomposition, ' incoherence') end
{%- endmacro %}

{# Of rows per pool, decomposition and length axis, the one that a finding is told by; embedding has no incoherence. #}
{% macro is_told(relation) -%}
    {{ relation }}.decomposition = pools.main_decomposition
    and {{ relation }}.length_axis = pools.main_length_axis
    and {{ relation }}.decomposition <> 'embedding'
{%- endmacro %}
