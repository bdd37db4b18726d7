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
  five end in a verdict, `negligible` or one of the others, whichever takes less. 2.8016 / 1.96 = (z.975 + z.8) / z.975.
#}
{% macro needed_growth(statistic, half_width, margin) -%}
    pow(
        {{ half_width }} * 1.429398e0
        / greatest(abs({{ statistic }}), {{ margin }} - abs({{ statistic }})),
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

{#
  Of the decompositions of a pool, the one that a finding is told by: KL where there is one, else coverage, else score.
  For a `qualify` clause; pool: the columns that make a pool.
#}
{% macro is_main_decomposition(pool=pool_keys()) -%}
    decomposition in ('kl', 'coverage', 'score')
    and dense_rank() over (
        partition by {{ pool | join(", ") }}
        order by case decomposition when 'kl' then 1 when 'coverage' then 2 when 'score' then 3 else 4 end
    ) = 1
{%- endmacro %}

{#
  Of several length axes, the one that a finding is told by: actions where a run has them, else reasoning tokens, else
  output tokens (the paper's own choice per task). For a `qualify` clause.
#}
{% macro is_main_length_axis() -%}
    row_number() over (
        partition by {{ pool_keys() | join(", ") }}
        order by case length_axis when 'actions' then 1 when 'reasoning_tokens' then 2 else 3 end
    ) = 1
{%- endmacro %}
