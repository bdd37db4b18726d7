with

lengths as (
    select * from {{ ref("int_multiverse_lengths") }}
),

halves as (
    select * from {{ ref("int_multiverse_halves") }}
),

analyses as (
    select
        'longer_reasoning_more_incoherent' as finding,
        task,
        condition_id,
        case when fit_id <> 'all models' then fit_id end as model_id,
        decomposition,
        case when decomposition = 'kl' then kl_delta end as kl_delta,
        estimator,
        format_failures,
        length_axis,
        fitted_to,
        case when n_buckets > 0 then n_buckets end as n_buckets,
        'as_it_is' as accuracy,
        statistic,
        statistic_ci_low,
        statistic_ci_high,
        {{ verdict("statistic_ci_low", "statistic_ci_high", var("negligible_slope")) }} as verdict
    from lengths

    union all

    select
        'overthinking_more_incoherent' as finding,
        task,
        condition_id,
        case when fit_id <> 'all models' then fit_id end as model_id,
        decomposition,
        case when decomposition = 'kl' then cast({{ var("kl_delta") }} as double) end as kl_delta,
        estimator,
        'included' as format_failures,
        length_axis,
        'items' as fitted_to,
        cast(null as bigint) as n_buckets,
        accuracy,
        statistic,
        statistic_ci_low,
        statistic_ci_high,
        {{ verdict("statistic_ci_low", "statistic_ci_high", var("negligible_difference")) }} as verdict
    from halves
)

select * from analyses
where statistic is not null
