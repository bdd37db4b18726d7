with

answered as (
    select * from {{ ref("fct_sample") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

asked as (
    select * from {{ ref("dim_item") }}
)

select
    ---------- what the row is about
    answered.sample_id,
    {{ wide_labels("answered") }},
    answered.context_id,
    answered.epoch,

    ---------- text
    answered.source,
    answered.run_status,
    answered.status,
    answered.finish_reason,
    answered.served_model,

    ---------- answer
    answered.choice_index,
    answered.predicted_index,
    answered.is_correct,
    answered.is_format_failure,
    answered.score,

    ---------- numbers
    answered.input_tokens,
    answered.output_tokens,
    answered.reasoning_tokens,
    answered.n_actions,
    answered.latency_s,
    answered.cost_usd,

    ---------- times
    answered.created_at
from answered
{{ join_wide_labels("answered") }}
