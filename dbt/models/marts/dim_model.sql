with

models as (
    select * from {{ ref("int_models") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
),

sample_counts as (
    select
        model_id,
        count(*) as n_samples,
        count(*) filter (where status = 'error') as n_errors
    from samples
    group by model_id
)

select
    ---------- ids
    model_id,

    ---------- text
    models.provider,
    models.model_family,
    models.model_type,

    ---------- numbers
    models.param_count,
    models.is_simulated,
    coalesce(sample_counts.n_samples, 0) as n_samples,
    coalesce(sample_counts.n_errors, 0) as n_errors
from models
left join sample_counts using (model_id)
order by model_id
