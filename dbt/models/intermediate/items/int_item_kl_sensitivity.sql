{{ per_pool() }}

{% set keys = ["item_number", "kl_delta", "format_failures"] %}
{% set group = keys | join(", ") %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

-- As in the corrections at one δ: what is left out is a context where there are several, else a sample.
samples as (
    select
        *,
        min(context_id) over (partition by {{ item_keys() | join(", ") }})
        < max(context_id) over (partition by {{ item_keys() | join(", ") }}) as has_contexts
    from {{ ref("int_sample_answers") }}
    where answer_kind not in ('left_out', 'open')
),

numbered as (
    select
        *,
        case when has_contexts then context_id end as cell
    from samples
    inner join numbers using ({{ item_keys() | join(", ") }})
),

answers as (
    {{ answer_counts("numbered", ["item_number", "cell", "has_contexts"]) }}
),

probabilities as (
    {{ class_probabilities("answers", ["item_number", "cell", "has_contexts", "answer_kind"]) }}
),

settings as (
    {{ at_sensitivity_settings("probabilities") }}
),

class_means as (
    select
        {{ group }},
        class_index = target_index as is_target,
        class_index,
        cast(sum(n_samples) as bigint) as n_samples,
        sum(n_samples * log_prob) / sum(n_samples) as mean_log_prob
    from settings
    group by {{ group }}, class_index, target_index
),

cells as (
    select
        {{ group }},
        class_index,
        coalesce(cell, cast(answer_id as string)) as cell_id,
        case when has_contexts then 1 else max(settings.n_samples) end as n_times,
        case when has_contexts then sum(settings.n_samples) else 1 end as n_left_out,
        case when has_contexts then sum(settings.n_samples * log_prob) else max(log_prob) end as log_left_out
    from settings
    group by {{ group }}, class_index, has_contexts, coalesce(cell, cast(answer_id as string))
),

without_one as (
    select
        {{ group }},
        cell_id,
        max(n_times * (1 - n_left_out / cast(n_samples as double))) as weight,
        ln(
            sum(
                exp(mean_log_prob)
                * exp((n_left_out * mean_log_prob - log_left_out) / nullif(n_samples - n_left_out, 0))
            )
            / sum(exp(mean_log_prob))
        ) as variance_lost
    from cells
    inner join class_means using ({{ group }}, class_index)
    group by {{ group }}, cell_id
),

jackknife as (
    select
        {{ group }},
        sum(weight * variance_lost) as variance_missing
    from without_one
    group by {{ group }}
),

decomposed as (
    {{ kl_parts("class_means", keys) }}
)

select
    {{ (item_keys() + keys[1:]) | join(", ") }},
    n_samples,
    error,
    bias_sq,
    variance,
    case when n_samples > 1 then variance + variance_missing end as variance_unbiased
from decomposed
left join jackknife using ({{ group }})
inner join numbers using (item_number)
