{#
  Mean logarithms of right and of wrong samples of each half, put together in the shares that right and wrong ones have in the item:
  ℓ of int_overthinking_held_kl, as log_center, with what its corrections need.

  sums: output of class_sums by item_number, half, is_right and the settings (kl_delta among them).
#}
{% macro held_log_centers(sums, settings) %}
    {% set item = (["item_number"] + settings) | join(", ") %}
    {% set half = (["item_number", "half"] + settings) | join(", ") %}
    with groups as (
        select
            *,
            total_log_prob / n_samples as mean_log_prob,
            {{ log_smoothed(is_target_class(), "n_classes", "kl_delta") }} as log_target,
            is_right and (lowest <> {{ is_target_class() }} or highest <> {{ is_target_class() }}) as is_right_miss
        from {{ sums }}
    ),

    items as (
        select
            {{ item }},
            sum(case when is_right then n_samples else 0 end) / cast(sum(n_samples) as double) as item_accuracy,
            bool_or(is_right_miss) as right_miss
        from groups
        group by {{ item }}
    ),

    centers as (
        select
            {{ half }},
            class_index,
            max(item_accuracy) as item_accuracy,
            bool_or(right_miss) as right_miss,
            coalesce(max(case when is_right then n_samples end), 0) as n_right,
            coalesce(max(case when not is_right then n_samples end), 0) as n_wrong,
            max(item_accuracy) * coalesce(max(case when is_right then mean_log_prob end), max(log_target))
            + (1 - max(item_accuracy)) * max(case when not is_right then mean_log_prob end) as log_center
        from groups
        inner join items using ({{ item }})
        group by {{ half }}, class_index
    )

    select
        {{ half }},
        is_right,
        class_index,
        n_classes,
        target_index,
        n_samples,
        n_chosen,
        n_failures,
        mean_log_prob,
        log_center,
        item_accuracy,
        case when is_right then item_accuracy else 1 - item_accuracy end as share,
        right_miss,
        n_right,
        n_wrong
    from groups
    inner join centers using ({{ half }}, class_index)
    where n_wrong > 1
{% endmacro %}
