{% set keys = pool_keys() + ["decomposition"] %}
{% set measures = ["bias_sq", "variance", "incoherence"] %}

with

items as (
    select * from {{ ref("int_subsample_items") }}
),

-- What all samples say, corrected: the answer that fewer samples should come close to. Zero-one is not corrected.
everything as (
    select
        {{ keys | join(", ") }},
        item_id,
        cluster_id,
        n_samples,
        error,
        bias_sq_unbiased as bias_sq,
        variance_unbiased as variance,
        variance_unbiased,
        error_share,
        mode_margin,
        excess_agreement
    from {{ ref("int_item_decomposition") }}
    where variance_unbiased is not null
),

pools as (
    select * from {{ ref("int_pools") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

estimates as (
    {% for estimator, suffix in {"plug_in": "", "corrected": "_unbiased"}.items() %}
        select
            {{ keys | join(", ") }},
            n_samples_per_item,
            block,
            '{{ estimator }}' as estimator,
            count(*) as n_items,
            avg(bias_sq{{ suffix }}) as bias_sq,
            avg(variance{{ suffix }}) as variance,
            case
                when avg(error) > {{ var("zero_error") }} then avg(variance{{ suffix }}) / avg(error)
            end as incoherence
        from items
        group by {{ keys | join(", ") }}, n_samples_per_item, block
        {{ "union all" if not loop.last }}
    {% endfor %}
),

blocks as (
    select
        {{ keys | join(", ") }},
        n_samples_per_item,
        estimator,
        max(n_items) as n_items,
        {% for measure in measures %}
            avg({{ measure }}) as {{ measure }},
            stddev_samp({{ measure }}) as {{ measure }}_sd,
        {% endfor %}
        count(*) as n_blocks
    from estimates
    group by {{ keys | join(", ") }}, n_samples_per_item, estimator
),

contexts as (
    select * from {{ ref("int_item_contexts") }}
),

answers as (
    {{ pooled_incoherence("everything", keys, contexts="contexts") }}
)

select
    {{ pool_figure_keys("blocks") }},
    blocks.decomposition,
    {{ is_main_decomposition("blocks") }},
    blocks.estimator,
    blocks.n_samples_per_item,
    {% for measure in measures %}
        blocks.{{ measure }},
        blocks.{{ measure }}_sd,
        {% set corrected = "incoherence_unbiased" if measure == "incoherence" else measure %}
        answers.{{ corrected }} as {{ measure }}_all,
        answers.{{ corrected }}_ci_low as {{ measure }}_all_ci_low,
        answers.{{ corrected }}_ci_high as {{ measure }}_all_ci_high,
    {% endfor %}
    blocks.n_blocks,
    blocks.n_items
from blocks
inner join answers
    on
        blocks.task = answers.task
        and blocks.model_id = answers.model_id
        and blocks.condition_id = answers.condition_id
        and blocks.decomposition = answers.decomposition
{{ join_pools("blocks") }}
inner join models on blocks.model_id = models.model_id
inner join conditions on blocks.condition_id = conditions.condition_id
order by task, model_id, condition_id, decomposition, estimator, n_samples_per_item
