{{ per_pool() }}

{% set group_keys = ["length_axis", "half", "is_right"] %}
{% set item_group = (item_keys() + group_keys) | join(", ") %}
{% set treated_keys = ["item_number"] + group_keys + ["format_failures"] %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

halves as (
    select * from {{ ref("int_overthinking_samples") }}
    where is_right is not null
),

tests as (
    select * from {{ ref("int_sample_tests") }}
),

answers as (
    select * from {{ ref("int_overthinking_judged_answers") }}
    inner join numbers using ({{ item_keys() | join(", ") }})
),

moments as (
    {{ class_moments("answers", treated_keys) }}
),

tested as (
    select
        {{ columns_of("halves", item_keys() + group_keys) }},
        tests.test_name,
        count(*) as n_samples,
        avg({{ graded("tests.passed") }}) - 1 as miss,
        var_pop({{ graded("tests.passed") }}) as spread
    from halves
    inner join tests on halves.sample_id = tests.sample_id
    group by {{ columns_of("halves", item_keys() + group_keys) }}, tests.test_name
)

select
    {{ item_group }},
    format_failures,
    'brier' as decomposition,
    cast(class_index as string) as component,
    1e0 as weight,
    n_samples,
    mean_prob - case when is_target then 1 else 0 end as miss,
    var_prob as spread
from moments
inner join numbers using (item_number)

union all

select
    {{ item_group }},
    'included' as format_failures,
    'coverage' as decomposition,
    test_name as component,
    1e0 / count(*) over (partition by {{ item_group }}) as weight,
    n_samples,
    miss,
    spread
from tested
