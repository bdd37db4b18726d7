{{ per_pool() }}

{% set half = (item_keys() + ["length_axis", "half"]) | join(", ") %}
{% set settings = "format_failures, decomposition, kl_delta" %}

with

halves as (
    select * from {{ ref("int_overthinking_samples") }}
    where is_right is not null
),

lengths as (
    select
        {{ half }},
        avg(sample_length) as mean_length,
        count(*) filter (where is_right) / cast(count(*) as double) as accuracy
    from halves
    group by {{ half }}
),

decomposed as (
    select
        {{ half }},
        {{ settings }},
        error,
        variance,
        variance_unbiased
    from {{ ref("int_overthinking_held_squares") }}

    union all

    select
        {{ half }},
        {{ settings }},
        error,
        variance,
        variance_unbiased
    from {{ ref("int_overthinking_held_kl") }}
)

select * from decomposed
inner join lengths using ({{ half }})
qualify count(*) over (partition by {{ item_keys() | join(", ") }}, length_axis, {{ settings }}) = 2
