{{ per_pool() }}

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

treated as (
    {{ treated_both_ways("answers") }}
),

decomposed as (
    {{ kl_and_brier("treated", ["item_number", "format_failures"], multiverse_deltas()) }}
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
