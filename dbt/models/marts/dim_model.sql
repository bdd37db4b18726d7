with

models as (
    select * from {{ ref("stg_models") }}
),

known_models as (
    select * from {{ ref("known_models") }}
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
),

-- A model that only its samples mention is still a model.
named as (
    select model_id from models
    union
    select model_id from sample_counts
)

select
    ---------- ids
    model_id,

    ---------- text
    models.provider,
    coalesce(known_models.model_family, models.model_family) as model_family,
    coalesce(known_models.model_type, models.model_type) as model_type,

    ---------- numbers
    coalesce(known_models.param_count, models.param_count) as param_count,
    coalesce(models.is_simulated, false) as is_simulated,
    coalesce(sample_counts.n_samples, 0) as n_samples,
    coalesce(sample_counts.n_errors, 0) as n_errors
from named
left join models using (model_id)
left join known_models using (model_id)
left join sample_counts using (model_id)
order by model_id
