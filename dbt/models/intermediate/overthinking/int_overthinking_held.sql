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

-- Only KL depends on δ; the others are kept at a δ of 0.
decomposed as (
    select
        {{ half }},
        {{ settings }},
        error,
        variance,
        variance_unbiased
    from (
        select
            *,
            0e0 as kl_delta
        from {{ ref("int_overthinking_held_squares") }}
    ) as squares

    union all

    select
        {{ half }},
        {{ settings }},
        error,
        variance,
        variance_unbiased
    from (
        select
            *,
            'kl' as decomposition
        from {{ ref("int_overthinking_held_kl") }}
    ) as logarithms
)

select * from decomposed
inner join lengths using ({{ half }})
qualify count(*) over (partition by {{ item_keys() | join(", ") }}, length_axis, {{ settings }}) = 2
