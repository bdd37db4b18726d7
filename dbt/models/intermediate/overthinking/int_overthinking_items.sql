{{ per_pool() }}

{% set half_keys = item_keys() + ["length_axis", "half"] %}
{% set group = half_keys | join(", ") %}

with

samples as (
    select * from {{ ref("int_overthinking_samples") }}
),

decomposed as (
    select * from {{ ref("int_overthinking_choices") }}
    union all
    select * from {{ ref("int_overthinking_graded") }}
),

summed as (
    select
        {{ group }},
        avg(sample_length) as mean_length,
        count(*) filter (where is_correct) / cast(nullif(count(is_correct), 0) as double) as accuracy
    from samples
    group by {{ group }}
),

clusters as (
    select * from {{ ref("int_item_clusters") }}
),

joined as (
    select
        *,
        count(*) filter (where n_samples > 1) over (
            partition by {{ item_keys() | join(", ") }}, length_axis, decomposition
        ) as n_halves
    from decomposed
    inner join summed using ({{ group }})
    inner join clusters using (task, item_id)
)

select
    {{ group }},
    cluster_id,
    decomposition,
    n_samples,
    mean_length,
    accuracy,
    error,
    bias_sq,
    variance,
    bias_sq_unbiased,
    variance_unbiased,
    -- One sample says nothing about the variance, and an item whose samples all lie on one side has nothing to compare.
    n_halves = 2 as has_both_halves
from joined
