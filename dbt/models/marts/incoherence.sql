{# Wide, for analysts. No ratio is in it: of items, sums and means of every column combine rightly, ratios would not. #}
with

items as (
    select * from {{ ref("fct_item_decomposition") }}
),

pools as (
    select * from {{ ref("int_pools") }}
),

-- Embeddings have a variance without an error: it would enter the numerator alone.
told as (
    select
        items.*,
        items.variance_unbiased is not null as has_variance
    from items
    {{ join_pools("items") }}
    where items.decomposition = pools.main_decomposition and items.decomposition <> 'embedding'
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
    {{ wide_labels("told") }},
    told.decomposition,

    ---------- samples
    told.n_samples,
    told.n_format_failures,
    told.n_errors,
    told.n_refused,
    told.mean_output_tokens,
    told.mean_reasoning_tokens,
    told.mean_actions,
    told.accuracy,
    told.mean_score,

    ---------- decomposition: all of it where there is a variance, or sums would be over different items
    case when has_variance then told.error end as error,
    told.bias_sq_unbiased as bias_sq,
    told.variance_unbiased as variance,
    case when has_variance then told.bias_sq end as bias_sq_plug_in,
    case when has_variance then told.variance end as variance_plug_in,

    ---------- times
    told.last_sampled_at
from told
{{ join_wide_labels("told") }}
order by told.task, told.model_id, told.condition_id, told.item_id
