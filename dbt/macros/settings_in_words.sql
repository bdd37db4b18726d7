{# What a condition is told by in words: short values of its settings. #}

{#
  A value of a setting, short enough for a label: a long text by its first words and a hash that tells it from others, one that was
  kept as a hash by that.
#}
{% macro setting_in_words(value) -%}
    case
        when {{ value }} like 'sha256:%, % characters: %'
            then concat(regexp_extract({{ value }}, ' characters: (.*)$', 1), '… ', substr({{ value }}, 8, 4))
        when {{ value }} like 'sha256:%, % characters' then concat('text ', substr({{ value }}, 8, 4))
        when {{ value }} like '(hash %)' or {{ value }} like '(secret %)' then {{ value }}
        when length({{ value }}) <= 24 then {{ on_one_line("trim(" ~ value ~ ")") }}
        else concat({{ on_one_line("trim(left(" ~ value ~ ", 20))") }}, '… ', left(md5({{ value }}), 4))
    end
{%- endmacro %}

{#
  What values of one setting sort by, so that what they are compared with comes first: what stands for nothing, then numbers and
  efforts from the least on, then other words. A setting that is not set comes before all of them.
#}
{% macro setting_order(words) -%}
    case
        when lower({{ words }}) in ('none', 'null', 'false', 'off', 'no', 'baseline', 'control', 'default', 'plain')
            then cast('-infinity' as double)
        else coalesce({{ budget_order(words) }}, cast('infinity' as double))
    end
{%- endmacro %}
