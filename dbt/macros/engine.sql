{#
  All SQL that differs between engines. Models call the short name; an adapter brings its own `<adapter>__<name>`
  (engine_spark.sql). Positions are 0-based everywhere, whatever the engine's lists start at.
#}

{% macro list_element(list, index) %}{{ return(adapter.dispatch("list_element")(list, index)) }}{% endmacro %}
{% macro default__list_element(list, index) %}{{ list }}[({{ index }}) + 1]{% endmacro %}

{% macro list_length(list) %}{{ return(adapter.dispatch("list_length")(list)) }}{% endmacro %}
{% macro default__list_length(list) %}len({{ list }}){% endmacro %}

{% macro list_total(list) %}{{ return(adapter.dispatch("list_total")(list)) }}{% endmacro %}
{% macro default__list_total(list) %}list_sum({{ list }}){% endmacro %}

{# First position of the largest value. #}
{% macro list_argmax(list) %}{{ return(adapter.dispatch("list_argmax")(list)) }}{% endmacro %}
{% macro default__list_argmax(list) %}list_position({{ list }}, list_max({{ list }})) - 1{% endmacro %}

{# The values of a group's rows where something holds, as a list in rising order; empty without any. #}
{% macro sorted_list(value, condition) %}{{ return(adapter.dispatch("sorted_list")(value, condition)) }}{% endmacro %}
{% macro default__sorted_list(value, condition) %}coalesce(list_sort(list({{ value }}) filter (where {{ condition }})), []){% endmacro %}

{# Sum of a term over the elements of a list, which it calls `name`; 0 without any. #}
{% macro sum_of_list(list, name, term) %}{{ return(adapter.dispatch("sum_of_list")(list, name, term)) }}{% endmacro %}
{% macro default__sum_of_list(list, name, term) %}coalesce(list_sum(list_transform({{ list }}, lambda {{ name }}: {{ term }})), 0e0){% endmacro %}

{# True where a list holds nothing but finite numbers ≥ 0. #}
{% macro list_is_nonnegative(list) %}{{ return(adapter.dispatch("list_is_nonnegative")(list)) }}{% endmacro %}
{% macro default__list_is_nonnegative(list) %}(list_min({{ list }}) >= 0 and isfinite(list_max({{ list }})) and list_count({{ list }}) = len({{ list }})){% endmacro %}

{# A table with the positions 0 … n − 1 as `name`, to cross join with. #}
{% macro positions(n, name) %}{{ return(adapter.dispatch("positions")(n, name)) }}{% endmacro %}
{% macro default__positions(n, name) %}cross join unnest(range({{ n }})) as positions({{ name }}){% endmacro %}
{# A table with numbers that are known beforehand as `name`, to cross join with. #}
{% macro each_number(numbers, name) %}{{ return(adapter.dispatch("each_number")(numbers, name)) }}{% endmacro %}
{% macro default__each_number(numbers, name) %}cross join unnest([{{ doubles(numbers) }}]) as numbers({{ name }}){% endmacro %}

{# How a model is materialized that is not worth storing. #}
{% macro unstored() %}{{ return(adapter.dispatch("unstored")()) }}{% endmacro %}
{% macro default__unstored() %}{{ return("view") }}{% endmacro %}

{# A number of its own for each row; which one does not matter. #}
{% macro row_id() %}{{ return(adapter.dispatch("row_id")()) }}{% endmacro %}
{% macro default__row_id() %}row_number() over (){% endmacro %}

{# A zoned timestamp as a plain one in UTC: drivers without time-zone data can read it. #}
{% macro utc(timestamp) %}{{ return(adapter.dispatch("utc")(timestamp)) }}{% endmacro %}
{% macro default__utc(timestamp) %}({{ timestamp }} at time zone 'UTC'){% endmacro %}

{# A number as text, by a C format. #}
{% macro formatted(format, number) %}{{ return(adapter.dispatch("formatted")(format, number)) }}{% endmacro %}
{% macro default__formatted(format, number) %}printf('{{ format }}', cast({{ number }} as double)){% endmacro %}

{# A date some days later. #}
{% macro days_after(date, n) %}{{ return(adapter.dispatch("days_after")(date, n)) }}{% endmacro %}
{% macro default__days_after(date, n) %}{{ date }} + cast({{ n }} as integer){% endmacro %}

{# How often a whole word occurs in a text, whatever its case. #}
{% macro n_words(text, word) %}{{ return(adapter.dispatch("n_words")(text, word)) }}{% endmacro %}
{% macro default__n_words(text, word) %}len(regexp_extract_all({{ text }}, '\b{{ word }}\b', 0, 'i')){% endmacro %}

{#
  Settings as they may be published, and a text without secrets: one rule, in `warehouse/settings.py`. An engine that has
  not been given these functions publishes neither.
#}
{% macro published_settings(settings, source) %}{{ return(adapter.dispatch("published_settings")(settings, source)) }}{% endmacro %}
{% macro default__published_settings(settings, source) %}published_settings({{ settings }}, {{ source }}){% endmacro %}

{% macro without_texts(settings) %}{{ return(adapter.dispatch("without_texts")(settings)) }}{% endmacro %}
{% macro default__without_texts(settings) %}without_texts({{ settings }}){% endmacro %}

{% macro without_secrets(text) %}{{ return(adapter.dispatch("without_secrets")(text)) }}{% endmacro %}
{% macro default__without_secrets(text) %}without_secrets({{ text }}){% endmacro %}

{#
  Rows condition_id, setting (the path of a plain value in JSON, of a list of them the list's), value (as JSON, long texts by their hash
  alone: earlier imports did not keep how they begin), told (as text) of a relation's settings.
#}
{% macro setting_leaves(relation) %}{{ return(adapter.dispatch("setting_leaves")(relation)) }}{% endmacro %}
{% macro default__setting_leaves(relation) %}
    select
        {{ relation }}.condition_id,
        regexp_replace(substr(leaves.fullkey, 3), '(\[[0-9]+\])+$', '') as setting,
        string_agg(
            regexp_replace(cast(leaves.atom as varchar), '^("sha256:[0-9a-f]{16}, [0-9]+ characters): .*"$', '\1"'),
            ', ' order by leaves.id
        ) as value,
        string_agg(leaves.atom ->> '$', ', ' order by leaves.id) as told
    from {{ relation }}, json_tree({{ relation }}.settings) as leaves
    where leaves.atom is not null and leaves.fullkey like '$.%'
    group by all
{% endmacro %}

{# ln n!, for any n. #}
{% macro ln_factorial(n) %}{{ return(adapter.dispatch("ln_factorial")(n)) }}{% endmacro %}
{% macro default__ln_factorial(n) %}lgamma(({{ n }}) + 1){% endmacro %}

{# Texts of a group as one, in an order; NULL without any. #}
{% macro joined(text, separator, order) %}{{ return(adapter.dispatch("joined")(text, separator, order)) }}{% endmacro %}
{% macro default__joined(text, separator, order) %}string_agg({{ text }}, '{{ separator }}' order by {{ order }}){% endmacro %}

{# A text with one blank for any white space in it. #}
{% macro on_one_line(text) %}{{ return(adapter.dispatch("on_one_line")(text)) }}{% endmacro %}
{% macro default__on_one_line(text) %}regexp_replace({{ text }}, '\s+', ' ', 'g'){% endmacro %}

{# Numbers of a group as one text, the largest first; NULL without any. #}
{% macro joined_descending(number) %}{{ return(adapter.dispatch("joined_descending")(number)) }}{% endmacro %}
{% macro default__joined_descending(number) %}string_agg(cast({{ number }} as varchar), ' ' order by {{ number }} desc){% endmacro %}
