{% set ways = multiverse_ways() + ["n_buckets"] %}
{% set family = ["task", "condition_id", "model_family"] %}
{% set keys = family + ways %}
{% set group = keys | join(", ") %}

with

items as (
    select * from {{ ref("int_multiverse_items") }}
),

families as (
    select * from {{ ref("int_reference_models") }}
),

models as (
    select * from {{ ref("int_models") }}
    where param_count is not null
),

lengths as (
    select * from {{ ref("int_item_lengths") }}
),

ranked as (
    select
        {{ family | join(", ") }},
        item_id,
        length_axis,
        row_number() over (
            partition by {{ family | join(", ") }}, length_axis order by mean_length asc, item_id asc
        ) as position,
        count(*) over (partition by {{ family | join(", ") }}, length_axis) as n_items
    from lengths
    inner join families using (task, condition_id)
    where model_id = reference_model_id
),

-- The items of shortest and of longest reasoning, of so many groups.
ends as (
    {% for n_groups in var("multiverse_groups") %}
        select
            *,
            cast({{ n_groups }} as bigint) as n_buckets,
            {{ equal_count_bucket("position", "n_items", n_groups) }} as bucket
        from ranked
        where n_items >= {{ n_groups }} * {{ var("min_items_per_bucket") }}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

sums as (
    select
        {{ columns_of("ends", family) }},
        {{ columns_of("items", ways[:4]) }},
        ends.length_axis,
        ends.n_buckets,
        models.param_count,
        sum(case when ends.bucket = 1 then items.variance end)
        / nullif(sum(case when ends.bucket = 1 then items.error end), 0) as easy,
        sum(case when ends.bucket = ends.n_buckets then items.variance end)
        / nullif(sum(case when ends.bucket = ends.n_buckets then items.error end), 0) as hard
    from items
    inner join models on items.model_id = models.model_id
    inner join ends
        on
            items.task = ends.task
            and items.condition_id = ends.condition_id
            and models.model_family = ends.model_family
            and items.item_id = ends.item_id
    group by
        {{ columns_of("ends", family) }}, {{ columns_of("items", ways[:4]) }}, ends.length_axis, ends.n_buckets,
        models.param_count
),

fits as (
    {{ log_log_fit("sums", "param_count", "case when easy > 0 then hard / easy end", keys) }}
),

easy_fits as (
    {{ log_log_fit("sums", "param_count", "case when hard > 0 then easy end", keys) }}
)

select
    'scale_helps_easy_not_hard' as finding,
    task,
    condition_id,
    model_family as fit_id,
    {{ columns_of("fits", ways) }},
    fits.n_points as n,
    {{
        verdict("easy_fits.slope_ci_low", "easy_fits.slope_ci_high", var("negligible_slope"), "'negative'")
    }} as precondition,
    fits.slope as statistic,
    fits.slope_ci_low as statistic_ci_low,
    fits.slope_ci_high as statistic_ci_high
from fits
inner join easy_fits using ({{ group }})
