{# Apache Spark's side of engine.sql: what each macro there means, in its SQL. docs/spark.md lists the differences. #}

{% macro spark__list_element(list, index) %}get({{ list }}, cast({{ index }} as int)){% endmacro %}
{# `size` of NULL is −1. #}
{% macro spark__list_length(list) %}cast(array_size({{ list }}) as bigint){% endmacro %}
{% macro spark__list_total(list) %}aggregate({{ list }}, 0d, (total, value) -> total + value){% endmacro %}
{% macro spark__sorted_list(value, condition) %}sort_array(collect_list({{ value }}) filter (where {{ condition }})){% endmacro %}
{% macro spark__sum_of_list(list, name, term) %}aggregate({{ list }}, 0d, (total, {{ name }}) -> total + {{ term }}){% endmacro %}
{% macro spark__list_argmax(list) %}cast(array_position({{ list }}, array_max({{ list }})) - 1 as int){% endmacro %}
{% macro spark__list_is_nonnegative(list) %}forall({{ list }}, p -> p >= 0 and p < double('infinity')){% endmacro %}
{% macro spark__positions(n, name) %}lateral view explode(sequence(0, {{ n }} - 1)) as {{ name }}{% endmacro %}
{% macro spark__each_number(numbers, name) %}lateral view explode(array({{ doubles(numbers) }})) as {{ name }}{% endmacro %}
{# Spark works out a view anew for each of its readers. #}
{% macro spark__unstored() %}{{ return("table") }}{% endmacro %}
{% macro spark__row_id() %}monotonically_increasing_id(){% endmacro %}
{% macro spark__utc(timestamp) %}cast({{ timestamp }} as timestamp_ntz){% endmacro %}
{# Not `format_string`, which makes a text of NULL and rounds half up where C rounds the number that there is. #}
{% macro spark__formatted(format, number) %}c_format('{{ format }}', cast({{ number }} as double)){% endmacro %}
{% macro spark__days_after(date, n) %}date_add({{ date }}, cast({{ n }} as int)){% endmacro %}
{% macro spark__n_words(text, word) %}cast(array_size(regexp_extract_all({{ text }}, r'(?i)\b{{ word }}\b', 0)) as bigint){% endmacro %}
{# Without `lgamma`: exact factorials up to 20, Stirling's series beyond (the first term left out is below 1e-15 there). #}
{% macro spark__ln_factorial(n) -%}
    {%- set n = "cast(" ~ n ~ " as double)" -%}
    case
        when {{ n }} < 0 then double('infinity')
        when {{ n }} <= 20 then ln(factorial(cast({{ n }} as int)))
        else
            ({{ n }} + 5e-1) * ln({{ n }}) - {{ n }} + ln(2 * pi()) / 2 + 1 / (12 * {{ n }})
            - 1 / (360 * pow({{ n }}, 3)) + 1 / (1260 * pow({{ n }}, 5)) - 1 / (1680 * pow({{ n }}, 7))
    end
{%- endmacro %}
{% macro spark__joined(text, separator, order) %}listagg({{ text }}, '{{ separator }}') within group (order by {{ order }}){% endmacro %}
{% macro spark__on_one_line(text) %}regexp_replace({{ text }}, r'\s+', ' '){% endmacro %}
{% macro spark__joined_descending(number) %}array_join(transform(sort_array(collect_list({{ number }}), false), x -> cast(x as string)), ' '){% endmacro %}

{# Functions that `warehouse/spark/functions.py` registers. #}
{% macro spark__setting_leaves(relation) %}
    select
        condition_id,
        regexp_replace(substr(leaf.fullkey, 3), r'(\[[0-9]+\])+$', '') as setting,
        listagg(
            regexp_replace(leaf.atom, '^("sha256:[0-9a-f]{16}, [0-9]+ characters): .*"$', '$1"'), ', '
        ) within group (order by leaf.id) as value,
        listagg(leaf.told, ', ') within group (order by leaf.id) as told
    from (
        select
            condition_id,
            explode(json_leaves(settings)) as leaf
        from {{ relation }}
    )
    group by all
{% endmacro %}

{# For drawn_votes: columns as digits of one number, and whether each of its digits is at most `most`. #}
{% macro digits(columns, base) -%}
    cast({% for column in columns %}{{ column }} * {{ base ** loop.revindex0 }}{{ " + " if not loop.last }}{% endfor %} as bigint)
{%- endmacro %}

{% macro digits_fit(code, columns, base, most) -%}
    {% for column in columns %}
    {{ code }} div {{ base ** loop.revindex0 }} % {{ base }} <= {{ most }}{{ " and " if not loop.last }}
    {%- endfor %}
{%- endmacro %}
