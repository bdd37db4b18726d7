{{ per_pool() }}

{% set most = var("max_ensemble_size") | int %}
{% set sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256] | select("le", most) | list %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

eligible as (
    select
        item_number,
        largest_size
    from {{ ref("int_ensemble_sizes") }}
    inner join numbers using ({{ item_keys() | join(", ") }})
),

samples as (
    select
        *,
        1 as n_samples,
        row_number() over (partition by item_number order by epoch, sample_id) - 1 as position
    from {{ ref("int_sample_answers") }}
    inner join numbers using ({{ item_keys() | join(", ") }})
    inner join eligible using (item_number)
    where answer_kind not in ('left_out', 'open')
),

probabilities as (
    {{ class_probabilities("samples", ["item_number", "position", "largest_size"]) }}
),

size_1 as (
    select
        item_number,
        largest_size,
        position as answer_id,
        class_index,
        n_classes,
        target_index,
        prob
    from probabilities
),

-- Two neighbours of one size make one of the next: a sample is in one ensemble of each size, a rest in none.
{% for size in sizes[1:] %}
    size_{{ size }} as (
        select
            item_number,
            largest_size,
            {{ whole("answer_id", 2) }} as answer_id,
            class_index,
            n_classes,
            target_index,
            avg(prob) as prob
        from size_{{ size // 2 }}
        where largest_size >= {{ size }}
        group by item_number, largest_size, {{ whole("answer_id", 2) }}, class_index, n_classes, target_index
        having count(*) = 2
    ),
{% endfor %}

ensembles as (
    {% for size in sizes %}
        select
            *,
            {{ size }} as ensemble_size,
            1 as n_samples,
            cast(null as bigint) as predicted_index
        from size_{{ size }}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

decomposed as (
    {{ kl_and_brier_of_vectors("ensembles", ["item_number", "ensemble_size"]) }}
),

clusters as (
    select * from {{ ref("int_item_clusters") }}
)

select
    {{ item_keys() | join(", ") }},
    cluster_id,
    ensemble_size,
    decomposition,
    n_samples as n_ensembles,
    error,
    bias_sq,
    variance,
    bias_sq_unbiased,
    variance_unbiased,
    -- Averaged answers are neither right nor wrong: by Brier's error for both.
    max(case when decomposition = 'brier' then error / 2 end) over (partition by item_number, ensemble_size)
        as error_share,
    cast(null as double) as mode_margin,
    cast(null as double) as excess_agreement
from decomposed
inner join numbers using (item_number)
inner join clusters using (task, item_id)
