{% set pool = ["task", "condition_id", "decomposition", "slope_over", "length_axis"] %}

with

items as (
    select * from {{ ref("int_item_decomposition") }}
    where decomposition not in ('zero_one', 'embedding') and variance_unbiased is not null
),

halves as (
    select * from {{ ref("int_overthinking_accuracy_held") }}
    where mean_length > 0
),

models as (
    select * from {{ ref("int_models") }}
    where model_family is not null and param_count is not null
),

units as (
    {% for axis in length_axes() %}
        select
            {{ item_keys() | join(", ") }},
            decomposition,
            'reasoning_length' as slope_over,
            '{{ axis }}' as length_axis,
            error,
            variance_unbiased as variance,
            ln(mean_{{ axis }}) as x
        from items
        where mean_{{ axis }} > 0
        union all
    {% endfor %}
    select
        {{ item_keys() | join(", ") }},
        decomposition,
        'within_item' as slope_over,
        length_axis,
        error,
        variance_unbiased as variance,
        ln(mean_length) - avg(ln(mean_length)) over (
            partition by {{ item_keys() | join(", ") }}, decomposition, length_axis
        ) as x
    from halves
),

-- A task's models answered the same items: each keeps its own level, and they share one slope.
fitted as (
    select
        *,
        model_id as stratum
    from ({{ each_and_all_models("units", pool) }}) as answered

    union all

    -- Size tells models apart: no level of their own is left to them.
    select
        {{ columns_of("items", item_keys()) }},
        items.decomposition,
        'parameters' as slope_over,
        'none' as length_axis,
        items.error,
        items.variance_unbiased as variance,
        ln(models.param_count) as x,
        models.model_family as fit_id,
        models.model_family as stratum
    from items
    inner join models on items.model_id = models.model_id
),

influences as (
    {{ log_slope_influences("fitted", slope_keys(), stratum="stratum", unit="model_id") }}
)

select * from influences
