{% set half_keys = item_keys() + ["length_axis", "half"] %}
{% set group_keys = half_keys + ["is_correct"] %}

with

halves as (
    select * from {{ ref("int_overthinking_samples") }}
    where is_correct is not null
),

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind <> 'open'
),

tests as (
    select * from {{ ref("int_sample_tests") }}
),

chosen as (
    select
        {{ columns_of("halves", group_keys) }},
        {{ columns_of("samples", answer_columns()) }}
    from halves
    inner join samples on halves.sample_id = samples.sample_id
),

answers as (
    {{ answer_counts("chosen", group_keys) }}
),

probabilities as (
    {{ class_probabilities("answers", group_keys) }}
),

moments as (
    {{ class_moments("probabilities", group_keys) }}
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
    {{ group_keys | join(", ") }},
    'brier' as decomposition,
    cast(class_index as varchar) as component,
    1e0 as weight,
    n_samples,
    mean_prob - case when is_target then 1 else 0 end as miss,
    var_prob as spread
from moments

union all

select
    {{ group_keys | join(", ") }},
    'coverage' as decomposition,
    test_name as component,
    1e0 / count(*) over (partition by {{ group_keys | join(", ") }}) as weight,
    n_samples,
    miss,
    spread
from tested
