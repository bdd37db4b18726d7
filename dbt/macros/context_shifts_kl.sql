{#
  What context_shifts_of_squares says, for KL: the jackknife leaves out a context instead of a sample, for contexts of unequal size (Busing, Meijer and van der
  Leeden 1999). With ℓ the mean of ln f′ over an item's samples and ℓ_k without context k,

      variance_unbiased = variance + Σ_k (1 − n_k / N) (variance − variance without k),   variance = −ln Σ_c exp ℓ[c]

  moments: one row per keys × context_id × class_index with is_target, n_samples, total_log_prob.
#}
{% macro context_shifts_of_kl(moments, keys) %}
    {% set group = keys | join(", ") %}
    with classes as (
        select
            {{ group }},
            class_index,
            sum(n_samples) as n_all,
            sum(total_log_prob) / sum(n_samples) as mean_log_prob
        from {{ moments }}
        group by {{ group }}, class_index
    ),

    without_one as (
        select
            {{ group }},
            context_id,
            class_index,
            is_target,
            mean_log_prob,
            1 - n_samples / cast(n_all as double) as share_left,
            (n_samples * mean_log_prob - total_log_prob) / (n_all - n_samples) as log_shift
        from {{ moments }}
        inner join classes using ({{ group }}, class_index)
    ),

    cells as (
        select
            {{ group }},
            context_id,
            max(share_left) as share_left,
            greatest(-ln(sum(exp(mean_log_prob))), 0e0) as variance,
            ln(sum(exp(mean_log_prob) * exp(log_shift)) / sum(exp(mean_log_prob))) as variance_lost,
            -max(log_shift) filter (where is_target) as error_shift
        from without_one
        group by {{ group }}, context_id
    )

    select
        {{ group }},
        context_id,
        variance + sum(share_left * variance_lost) over (partition by {{ group }}) as variance_unbiased,
        error_shift - avg(error_shift) over (partition by {{ group }}) as error_shift,
        avg(variance_lost) over (partition by {{ group }}) - variance_lost as variance_shift
    from cells
{% endmacro %}
