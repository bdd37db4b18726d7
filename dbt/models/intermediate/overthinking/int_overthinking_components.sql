{{ per_pool() }}

{% set group_keys = item_keys() + ["length_axis", "half", "is_right"] %}
{% set treated_keys = group_keys + ["format_failures"] %}

with

halves as (
    select * from {{ ref("int_overthinking_samples") }}
    where is_right is not null
),

tests as (
    select * from {{ ref("int_sample_tests") }}
),

probabilities as (
    select * from {{ ref("int_overthinking_probabilities") }}
),

moments as (
    {{ class_moments("probabilities", treated_keys) }}
),

tested as (
    select
        {{ columns_of("halves", group_keys) }},
        tests.test_name,
        count(*) as n_samples,
        avg({{ graded("tests.passed") }}) - 1 as miss,
        var_pop({{ graded("tests.passed") }}) as spread
    from halves
    inner join tests on halves.sample_id = tests.sample_id
    group by {{ columns_of("halves", group_keys) }}, tests.test_name
)

select
    {{ treated_keys | join(", ") }},
    'brier' as decomposition,
    cast(class_index as string) as component,
    1e0 as weight,
    n_samples,
    mean_prob - case when is_target then 1 else 0 end as miss,
    var_prob as spread
from moments

union all

select
    {{ group_keys | join(", ") }},
    'included' as format_failures,
    'coverage' as decomposition,
    test_name as component,
    1e0 / count(*) over (partition by {{ group_keys | join(", ") }}) as weight,
    n_samples,
    miss,
    spread
from tested
