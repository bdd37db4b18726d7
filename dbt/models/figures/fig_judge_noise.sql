{% set keys = grader_set_keys() %}
{% set group = keys | join(", ") %}
{% set variances = ["grade_variance", "model_variance", "judge_variance", "grader_variance"] %}

with

grader_sets as (
    select
        {{ group }},
        case when is_panel then count(distinct rater) else 1 end as n_graders,
        count(*) - count(grade) as n_grades_unread
    from {{ ref("int_grades") }}
    group by {{ group }}
),

items as (
    select *
    from {{ ref("int_item_grades") }}
    inner join {{ ref("int_item_clusters") }} using (task, item_id)
    left join {{ ref("int_item_grader_agreement") }} using ({{ group }}, item_id)
    left join {{ ref("int_item_grader_bias") }} using ({{ group }}, item_id)
),

pooled as (
    select
        {{ group }},
        count(*) as n_items,
        count(grade_variance) as n_items_split,
        cast(sum(n_samples) as bigint) as n_samples,
        cast(sum(n_samples_regraded) as bigint) as n_samples_regraded,
        cast(sum(n_grades) as bigint) as n_grades,
        count(*) filter (where model_variance < 0) as n_items_negative,
        {% for mean in variances %}
            avg({{ mean }}) as {{ mean }},
        {% endfor %}
        avg(grader_bias) as grader_bias
    from items
    group by {{ group }}
),

half_widths as (
    {{ mean_half_widths("items", keys, "item_id", variances + ["grader_bias"]) }}
),

agreements as (
    {{ mean_shares("items", keys, ["grader_agreement"]) }}
),

shares as (
    select * from {{ ref("int_judge_shares") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

noted as (
    select
        {{ columns_of("grader_sets", keys) }},
        case
            when pooled.n_items is null then 'no_grades'
            when pooled.n_samples_regraded = 0 then 'one_grade_per_sample'
            when pooled.n_items_split = 0 then 'one_sample_per_item'
            else shares.judge_note
        end as judge_note
    from grader_sets
    left join pooled using ({{ group }})
    left join shares using ({{ group }})
)

select
    {{ pool_figure_keys("grader_sets") }},
    grader_sets.is_panel,
    grader_sets.grader,
    grader_sets.n_graders,
    {% for count in ["n_items", "n_items_split", "n_samples", "n_samples_regraded", "n_grades"] %}
        coalesce(pooled.{{ count }}, 0) as {{ count }},
    {% endfor %}
    grader_sets.n_grades_unread,
    {% for name in variances %}
        {% set half = "nullif(" ~ settled("half_widths." ~ name ~ "_half_width") ~ ", 0)" %}
        pooled.{{ name }},
        {{ from_zero("pooled." ~ name, "- " ~ half) }} as {{ name }}_ci_low,
        pooled.{{ name }} + {{ half }} as {{ name }}_ci_high,
    {% endfor %}
    shares.judge_share,
    {% for end, sign in {"low": "-", "high": "+"}.items() %}
        case when noted.judge_note is null then {{ clipped("shares.judge_share", sign ~ " shares.half_width") }} end
            as judge_share_ci_{{ end }},
    {% endfor %}
    shares.n_effective,
    coalesce(pooled.n_items_negative, 0) as n_items_negative,
    {{ with_interval("agreements", ["grader_agreement"]) }},
    pooled.grader_bias,
    {% for end, sign in {"low": "-", "high": "+"}.items() %}
        pooled.grader_bias {{ sign }} nullif({{ settled("half_widths.grader_bias_half_width") }}, 0)
            as grader_bias_ci_{{ end }},
    {% endfor %}
    noted.judge_note
from grader_sets
inner join noted using ({{ group }})
left join pooled using ({{ group }})
left join half_widths using ({{ group }})
left join agreements using ({{ group }})
left join shares using ({{ group }})
inner join models on grader_sets.model_id = models.model_id
inner join conditions on grader_sets.condition_id = conditions.condition_id
order by task, model_id, condition_id, is_panel, grader
