{{ per_pool() }}

{% set settings = ["kl_delta", "format_failures"] %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

answers as (
    select * from {{ ref("int_item_answers") }}
),

told as (
    select * from {{ ref("int_item_decomposition") }}
    where decomposition not in ('zero_one', 'embedding')
),

varied as (
    {% for delta in multiverse_deltas() %}
        {% set is_told = loop.first %}
        {% for format_failures in ["included", "left_out"] if not (is_told and format_failures == "included") %}
            select
                *,
                cast({{ delta }} as double) as kl_delta,
                '{{ format_failures }}' as format_failures
            from answers
            {{ "where answer_kind <> 'format_failure'" if format_failures == "left_out" }}
            {{ "union all" if not loop.last }}
        {% endfor %}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

decomposed as (
    {{ kl_and_brier("varied", ["item_number"] + settings, delta="kl_delta") }}
),

-- As findings are told (across contexts where there are several); beside it other δ, and readable answers alone.
chosen as (
    select
        {{ item_keys() | join(", ") }},
        decomposition,
        {{ delta_of_kl(var("kl_delta")) }} as kl_delta,
        'included' as format_failures,
        error,
        variance,
        variance_unbiased
    from told

    union all

    select
        {{ item_keys() | join(", ") }},
        decomposition,
        {{ delta_of_kl("kl_delta") }} as kl_delta,
        format_failures,
        error,
        variance,
        variance_unbiased
    from decomposed
    inner join numbers using (item_number)
    where {{ is_other_way() }}
)

{% for estimator, column in estimators().items() %}
    select
        {{ item_keys() | join(", ") }},
        decomposition,
        kl_delta,
        format_failures,
        '{{ estimator }}' as estimator,
        error,
        {{ column }} as variance
    from chosen
    where {{ column }} is not null
    {{ "union all" if not loop.last }}
{% endfor %}
