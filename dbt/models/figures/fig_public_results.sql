with

pools as (
    select * from {{ ref("fct_incoherence") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

published as (
    select * from {{ ref("public_results") }}
),

own as (
    select
        'this warehouse' as source,
        pools.task,
        pools.model_id,
        models.is_simulated,
        conditions.condition_label,
        pools.decomposition,
        true as is_shown,
        pools.n_items,
        pools.n_samples,
        coalesce(pools.accuracy, pools.mean_score) as accuracy,
        {{ columns_of("pools", ["error", "bias_sq_unbiased", "variance_unbiased", "incoherence"]) }},
        {{ columns_of("pools", ["incoherence_unbiased", "incoherence_unbiased_ci_low"]) }},
        {{ columns_of("pools", ["incoherence_unbiased_ci_high", "interval_note"]) }},
        {{ nulls("string", "licence", "page", "computed_on") }}
    from pools
    inner join models on pools.model_id = models.model_id
    inner join conditions on pools.condition_id = conditions.condition_id
    where pools.is_main_decomposition and pools.decomposition <> 'embedding'
),

-- Whoever has imported a published set has its numbers as their own.
others as (
    select
        published.source,
        published.task,
        published.model_id,
        false as is_simulated,
        published.condition_label,
        published.decomposition,
        published.is_shown,
        published.n_items,
        published.n_samples,
        published.accuracy,
        {{ columns_of("published", ["error", "bias_sq_unbiased", "variance_unbiased", "incoherence"]) }},
        {{ columns_of("published", ["incoherence_unbiased", "incoherence_unbiased_ci_low"]) }},
        {{ columns_of("published", ["incoherence_unbiased_ci_high", "interval_note"]) }},
        published.licence,
        published.page,
        published.computed_on
    from published
    left join own on published.task = own.task and published.model_id = own.model_id
    where own.task is null
),

together as (
    select * from own
    union all
    select * from others
)

select * from together
order by source, task, model_id, condition_label
