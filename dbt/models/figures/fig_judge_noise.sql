{% set keys = grader_set_keys() %}
{% set group = keys | join(", ") %}

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
),

counts as (
    select
        {{ group }},
        count(*) as n_items,
        count(grade_variance) as n_items_split,
        cast(sum(n_samples) as bigint) as n_samples,
        cast(sum(n_samples_regraded) as bigint) as n_samples_regraded,
        cast(sum(n_grades) as bigint) as n_grades,
        count(*) filter (where model_variance < 0) as n_items_negative
    from items
    group by {{ group }}
),

measures as (
    select
        {{ group }},
        {% for measure in judge_measures() %}
            max(case when judge_measure = '{{ measure }}' then estimate end) as {{ measure }},
            max(case when judge_measure = '{{ measure }}' then reach_below end) as {{ measure }}_below,
            max(case when judge_measure = '{{ measure }}' then reach_above end) as {{ measure }}_above,
        {% endfor %}
        max(case when judge_measure = 'judge_share' then n_effective end) as n_effective,
        max(case when judge_measure = 'judge_share' then judge_note end) as judge_note
    from {{ ref("int_judge_noise") }}
    group by {{ group }}
),

agreements as (
    {{ mean_shares("items", keys, ["grader_agreement"], most="n_grade_pairs") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
)

select
    {{ pool_figure_keys("grader_sets") }},
    grader_sets.is_panel,
    grader_sets.grader,
    grader_sets.n_graders,
    {% for count in ["n_items", "n_items_split", "n_samples", "n_samples_regraded", "n_grades", "n_items_negative"] %}
        coalesce(counts.{{ count }}, 0) as {{ count }},
    {% endfor %}
    grader_sets.n_grades_unread,
    measures.n_effective,
    {% for name in judge_measures() %}
        {% set middle = "measures." ~ name %}
        {% set below, above = "- " ~ middle ~ "_below", "+ " ~ middle ~ "_above" %}
        {{ middle }},
        {% if name == "judge_share" %}
            case when measures.judge_note is null then {{ reaching("least", clipped(middle, below), "1e0") }} end
                as {{ name }}_ci_low,
            case when measures.judge_note is null then {{ reaching("greatest", clipped(middle, above), "0e0") }} end
                as {{ name }}_ci_high,
        {% elif name == "grader_bias" %}
            {{ middle }} {{ below }} as {{ name }}_ci_low,
            {{ middle }} {{ above }} as {{ name }}_ci_high,
        {% else %}
            {{ from_zero(middle, below) }} as {{ name }}_ci_low,
            {{ reaching("greatest", middle ~ " " ~ above, "0e0") }} as {{ name }}_ci_high,
        {% endif %}
    {% endfor %}
    {{ with_interval("agreements", ["grader_agreement"]) }},
    case
        when counts.n_items is null then 'no_grades'
        when counts.n_samples_regraded = 0 then 'one_grade_per_sample'
        when counts.n_items_split = 0 then 'one_sample_per_item'
        else measures.judge_note
    end as judge_note
from grader_sets
left join counts using ({{ group }})
left join measures using ({{ group }})
left join agreements using ({{ group }})
inner join models on grader_sets.model_id = models.model_id
inner join conditions on grader_sets.condition_id = conditions.condition_id
order by task, model_id, condition_id, is_panel, grader
