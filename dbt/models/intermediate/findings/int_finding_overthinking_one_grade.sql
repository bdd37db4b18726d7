with

metrics as (
    select * from {{ ref("int_pool_metrics") }}
    where main_decomposition = 'score' and main_length_axis is not null
),

models as (
    select * from {{ ref("int_models") }}
),

items as (
    select * from {{ ref("int_item_decomposition") }}
    where decomposition = 'score'
),

pools as (
    select
        task,
        condition_id,
        count(distinct model_id) as n_models,
        min(model_id) as model_id,
        bool_or(is_simulated) as is_simulated,
        min(main_length_axis) as length_axis,
        count(distinct item_id) as n_items
    from items
    inner join metrics using ({{ pool_keys() | join(", ") }})
    inner join models using (model_id)
    group by task, condition_id
),

told as (
    select
        task,
        condition_id
    from {{ ref("int_finding_overthinking") }}
)

-- Not told, with the reason: incoherence of one grade per sample follows from how the grades are spread.
select
    'overthinking_more_incoherent' as finding,
    task,
    case when n_models = 1 then model_id end as model_id,
    condition_id,
    length_axis,
    'score' as decomposition,
    n_models,
    is_simulated,
    'incoherence of an item''s longer samples minus that of its shorter ones, at the item''s own accuracy'
        as statistic_name,
    n_items as n,
    'items' as n_unit,
    case when n_models = 1 then model_id else 'all models' end as fit_id,
    true as is_told,
    {{ without_precondition() }},
    {{
        words(
            "'a sample has one grade, so that at the item''s own grades nothing is left to compare between the longer and the shorter samples ('",
            "n_items", "' items)'"
        )
    }} as told,
    {{
        without_columns(
            "problem_id", "temperature", "statistic", "statistic_ci_low", "statistic_ci_high", "degrees_of_freedom",
            "n_wrong_items", "mean_samples", "share_from_samples", "n_contexts", "share_from_contexts", "cost_usd_per_sample", "interval_note"
        )
    }}
from pools
left join told using (task, condition_id)
where told.task is null
