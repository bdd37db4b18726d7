{% set keys = item_keys() | join(", ") %}
{% set entering = "filter (where answer_kind <> 'left_out')" %}

with

samples as (
    select * from {{ ref("int_sample_answers") }}
)

select
    {{ keys }},
    count(*) {{ entering }} as n_samples,
    count(*) filter (where is_format_failure) as n_format_failures,
    count(*) filter (where is_cut_off) as n_cut_off,
    count(*) filter (where status = 'error') as n_errors,
    count(*) filter (where status = 'refused') as n_refused,
    count(*) filter (where is_renormalised) as n_renormalised,
    {% for name, column in length_axes().items() %}
        avg({{ column }}) {{ entering }} as mean_{{ name }},
    {% endfor %}
    count(*) filter (where is_correct) / cast(nullif(count(is_correct), 0) as double) as accuracy,
    avg(graded) as mean_score
from samples
group by {{ keys }}
