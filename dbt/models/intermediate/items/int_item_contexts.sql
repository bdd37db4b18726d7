{% set keys = item_keys() | join(", ") %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind = 'open'
),

class_moments as (
    select
        *,
        class_index as coordinate
    from {{ ref("int_item_context_moments") }}
),

graded as (
    {% for name in ["coverage", "score"] %}
        select
            {{ columns_of("samples", item_keys()) }},
            samples.context_id,
            '{{ name }}' as decomposition,
            {{ "tests.test_name" if name == "coverage" else "'score'" }} as coordinate,
            {{ graded("tests.passed") if name == "coverage" else "samples.graded" }} - 1 as miss
        from samples
        {% if name == "coverage" %}
            inner join {{ ref("int_sample_tests") }} as tests on samples.sample_id = tests.sample_id
        {% else %}
            where samples.graded is not null
        {% endif %}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

in_contexts as (
    select * from graded
    qualify
        min(context_id) over (partition by {{ keys }}, decomposition)
        < max(context_id) over (partition by {{ keys }}, decomposition)
),

graded_moments as (
    select
        {{ keys }},
        decomposition,
        context_id,
        coordinate,
        count(*) as n_samples,
        sum(miss) as total_miss,
        sum(miss * miss) as total_sq_miss
    from in_contexts
    group by {{ keys }}, decomposition, context_id, coordinate
),

brier as (
    {{ context_shifts_of_squares("class_moments", ["item_number"], "sum") }}
),

kl as (
    {{ context_shifts_of_kl("class_moments", ["item_number"]) }}
),

outcomes as (
    {{ context_shifts_of_squares("graded_moments", item_keys() + ["decomposition"], "avg") }}
),

shifts as (
    {% for name in ["brier", "kl"] %}
        select
            {{ keys }},
            '{{ name }}' as decomposition,
            context_id,
            variance_unbiased,
            error_shift,
            variance_shift
        from {{ name }}
        inner join numbers using (item_number)

        union all

    {% endfor %}
    -- Its parts do not add up over items, but an item's accuracy stands beside it too.
    select distinct
        {{ keys }},
        'zero_one' as decomposition,
        context_id,
        cast(null as double) as variance_unbiased,
        cast(null as double) as error_shift,
        cast(null as double) as variance_shift
    from class_moments
    inner join numbers using (item_number)

    union all

    select * from outcomes
)

select
    shifts.*,
    coalesce(judged.accuracy_shift, 0e0) as accuracy_shift,
    coalesce(judged.score_shift, 0e0) as score_shift
from shifts
left join {{ ref("int_item_context_means") }} as judged using ({{ keys }}, context_id)
