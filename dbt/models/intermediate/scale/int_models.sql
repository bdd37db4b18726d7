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

-- A model that only its samples mention is still a model.
named as (
    select model_id from models
    union
    select model_id from samples
)

select
    model_id,
    models.provider,
    coalesce(known_models.model_family, models.model_family) as model_family,
    coalesce(known_models.model_type, models.model_type) as model_type,
    coalesce(known_models.param_count, models.param_count) as param_count,
    coalesce(models.is_simulated, false) as is_simulated
from named
left join models using (model_id)
left join known_models using (model_id)
