{% set keys = ["task", "condition_id", "fit_id", "decomposition", "length_axis", "estimator"] %}

with

findings as (
    select
        task,
        condition_id,
        coalesce(model_id, 'all models') as fit_id
    from {{ ref("int_finding_overthinking") }}
),

halves as (
    select * from {{ ref("int_overthinking_items") }}
    where has_both_halves
),

held as (
    select * from {{ ref("int_overthinking_held_difference") }}
),

sides as (
    {% for estimator, column in {"corrected": "variance_unbiased", "plug_in": "variance"}.items() %}
        select
            {{ columns_of("halves", item_keys()) }},
            findings.fit_id,
            halves.decomposition,
            halves.length_axis,
            '{{ estimator }}' as estimator,
            halves.half as side,
            halves.error,
            {{ "halves.variance" if column == "variance" else "halves.variance_unbiased as variance" }}
        from halves
        inner join findings
            on
                halves.task = findings.task
                and halves.condition_id = findings.condition_id
                and findings.fit_id in ('all models', halves.model_id)
        {{ "union all" if not loop.last }}
    {% endfor %}
),

contrasts as (
    {{
        pooled_contrast(
            "sides", keys, "item_id", {"shorter": ("'shorter'", "-1e0"), "longer": ("'longer'", "1e0")}
        )
    }}
)

select
    {{ keys | join(", ") }},
    'as_it_is' as accuracy,
    statistic,
    statistic - half_width as statistic_ci_low,
    statistic + half_width as statistic_ci_high
from contrasts

union all

select
    {{ keys[:5] | join(", ") }},
    'corrected' as estimator,
    'held' as accuracy,
    difference as statistic,
    difference_ci_low as statistic_ci_low,
    difference_ci_high as statistic_ci_high
from held
inner join findings using (task, condition_id, fit_id)
