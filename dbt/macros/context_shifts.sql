{#
  Items whose samples come from several few-shot contexts: their variance from pairs of samples of different contexts, and what
  leaving one context out changes.

  Two samples of one context have its examples in common, so that all pairs together would say too little; pairs of different
  contexts differ in everything that a new sample differs in. With y_s the miss of a sample (answer − target), F_k its sum and
  Q_k the sum of its square over the n_k samples of context k, N = Σ n_k:

      variance = (Σ_k (N − n_k) Q_k − (‖Σ_k F_k‖² − Σ_k ‖F_k‖²)) / (N² − Σ_k n_k²)

  moments: one row per keys × context_id × coordinate with n_samples, total_miss, total_sq_miss; over: how coordinates are put
  together, sum (classes) or avg (unit tests). Shifts are differences from the item's estimates, centred on 0 over its contexts;
  two contexts leave one, which has no variance to shift: 0.
#}
{% macro context_shifts_of_squares(moments, keys, over) %}
    {% set group = keys | join(", ") %}
    with coordinates as (
        select
            {{ group }},
            coordinate,
            sum(total_miss) as item_miss
        from {{ moments }}
        group by {{ group }}, coordinate
    ),

    cells as (
        select
            {{ group }},
            context_id,
            cast(max(n_samples) as double) as n,
            {{ over }}(total_sq_miss) as q,
            {{ over }}(total_miss * total_miss) as f_sq,
            {{ over }}(total_miss * item_miss) as f_item
        from {{ moments }}
        inner join coordinates using ({{ group }}, coordinate)
        group by {{ group }}, context_id
    ),

    sums as (
        select
            {{ group }},
            sum(n) as n_all,
            sum(n * n) as n_sq,
            sum(q) as q_all,
            sum(n * q) as nq_all,
            sum(f_sq) as f_sq_all,
            sum(f_item) as item_sq
        from cells
        group by {{ group }}
    ),

    shifts as (
        select
            {{ group }},
            context_id,
            (n_all * q_all - nq_all - item_sq + f_sq_all) / (n_all * n_all - n_sq) as variance_unbiased,
            (q_all - q) / (n_all - n) - q_all / n_all as error_shift,
            (
                (n_all - n) * (q_all - q) - (nq_all - n * q) - (item_sq - 2 * f_item + f_sq) + (f_sq_all - f_sq)
            )
            / nullif((n_all - n) * (n_all - n) - (n_sq - n * n), 0) as variance_without
        from cells
        inner join sums using ({{ group }})
    )

    select
        {{ group }},
        context_id,
        variance_unbiased,
        error_shift - avg(error_shift) over (partition by {{ group }}) as error_shift,
        coalesce(variance_without - avg(variance_without) over (partition by {{ group }}), 0e0) as variance_shift
    from shifts
{% endmacro %}
