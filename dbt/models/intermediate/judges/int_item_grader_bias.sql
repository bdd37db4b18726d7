{# Per item and grader of several: how much higher it grades than the others do the same samples, on average. #}
with

cells as (
    select
        *,
        count(*) over (partition by {{ (grader_set_keys() + ["sample_id"]) | join(", ") }}) as n_raters,
        sum(mean_grade) over (partition by {{ (grader_set_keys() + ["sample_id"]) | join(", ") }}) as total
    from {{ ref("int_grade_cells") }}
    where is_panel
)

select
    {{ pool_keys() | join(", ") }},
    false as is_panel,
    rater as grader,
    item_id,
    avg(mean_grade - (total - mean_grade) / (n_raters - 1)) as grader_bias
from cells
where n_raters > 1
group by {{ pool_keys() | join(", ") }}, rater, item_id
