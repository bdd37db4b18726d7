{% set keys = item_keys() + ["n_samples_per_item", "block"] %}

with

samples as (
    select
        *,
        row_number() over (partition by {{ item_keys() | join(", ") }} order by epoch, sample_id) - 1 as position
    from {{ ref("int_sample_answers") }}
    where answer_kind <> 'left_out' and (answer_kind <> 'open' or graded is not null)
),

item_counts as (
    select
        {{ item_keys() | join(", ") }},
        count(*) as n_item_samples
    from samples
    group by {{ item_keys() | join(", ") }}
),

pool_counts as (
    select
        {{ pool_keys() | join(", ") }},
        median(n_item_samples) as median_samples
    from item_counts
    group by {{ pool_keys() | join(", ") }}
),

-- Disjoint blocks of the samples in order; every block has the same items.
blocks as (
    {% for size in var("subsample_sizes") %}
        select
            samples.*,
            1 as n_samples,
            {{ size }} as n_samples_per_item,
            {{ whole("position", size) }} as block
        from samples
        inner join item_counts using ({{ item_keys() | join(", ") }})
        inner join pool_counts using ({{ pool_keys() | join(", ") }})
        where
            position < {{ whole("median_samples", size) }} * {{ size }}
            and n_item_samples >= {{ whole("median_samples", size) }} * {{ size }}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

probabilities as (
    {{ class_probabilities("blocks", keys) }}
),

graded as (
    select * from blocks
    where answer_kind = 'open'
),

scores as (
    {{ decomposition_coverage("graded", keys, "'score'", "score") }}
),

choices as (
    {{ kl_and_brier("probabilities", keys) }}
),

decomposed as (
    select * from choices
    union all
    select * from scores
)

select
    {{ keys | join(", ") }},
    decomposition,
    error,
    bias_sq,
    variance,
    bias_sq_unbiased,
    variance_unbiased
from decomposed
