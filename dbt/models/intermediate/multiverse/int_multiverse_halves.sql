{{ per_pool() }}

{% set half = (item_keys() + ["length_axis", "half"]) | join(", ") %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

answers as (
    select * from {{ ref("int_overthinking_answers") }}
    inner join numbers using ({{ item_keys() | join(", ") }})
),

treated as (
    {{ treated_both_ways("answers") }}
),

decomposed as (
    {{ kl_and_brier("treated", ["item_number", "length_axis", "half", "format_failures"], multiverse_deltas()) }}
),

-- As they are: what fig_natural_overthinking tells from, and beside it other δ and answers that can be read alone.
as_they_are as (
    select
        {{ half }},
        decomposition,
        {{ delta_of_kl(var("kl_delta")) }} as kl_delta,
        'included' as format_failures,
        error,
        variance,
        variance_unbiased
    from {{ ref("int_overthinking_items") }}
    where has_both_halves

    union all

    select
        {{ half }},
        decomposition,
        {{ delta_of_kl("kl_delta") }} as kl_delta,
        format_failures,
        error,
        variance,
        variance_unbiased
    from decomposed
    inner join numbers using (item_number)
    where {{ is_other_way() }}
    qualify
        count(*) filter (where n_samples > 1) over (
            partition by item_number, length_axis, decomposition, kl_delta, format_failures
        ) = 2
),

held as (
    select * from {{ ref("int_overthinking_held") }}
)

{% for accuracy, relation in {"as_it_is": "as_they_are", "held": "held"}.items() %}
    {% for estimator, column in estimators().items() %}
        select
            {{ half }},
            decomposition,
            kl_delta,
            format_failures,
            '{{ estimator }}' as estimator,
            '{{ accuracy }}' as accuracy,
            error,
            {{ "variance" if column == "variance" else column ~ " as variance" }}
        from {{ relation }}
        {{ "union all" if not loop.last }}
    {% endfor %}
    {{ "union all" if not loop.last }}
{% endfor %}
