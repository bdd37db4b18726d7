with

samples as (
    select * from {{ ref("stg_samples") }}
),

answers as (
    select * from {{ ref("int_sample_answers") }}
)

select
    ---------- ids
    samples.sample_id,
    samples.task,
    samples.model_id,
    samples.condition_id,
    samples.item_id,
    samples.context_id,
    samples.epoch,
    samples.import_id,

    ---------- text
    samples.source,
    samples.run_status,
    samples.status,
    samples.finish_reason,
    samples.served_model,
    samples.system_fingerprint,

    ---------- answer
    samples.choice_index,
    answers.predicted_index,
    answers.is_correct,
    answers.is_format_failure,
    answers.is_renormalised,
    samples.score,

    ---------- numbers
    samples.input_tokens,
    samples.output_tokens,
    samples.reasoning_tokens,
    samples.n_actions,
    samples.latency_s,
    samples.cost_usd,
    samples.n_superseded,

    ---------- times
    samples.created_at
from samples
inner join answers on samples.sample_id = answers.sample_id
