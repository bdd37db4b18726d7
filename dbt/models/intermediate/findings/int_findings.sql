{% set sources = [
    "reasoning_length", "overthinking", "budgets", "model_scale", "ensembling", "synthetic_steps", "synthetic_scale",
] %}

with

statistics as (
    {% for source in sources %}
        select {{ finding_columns() | join(", ") }}
        from {{ ref("int_finding_" ~ source) }}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

known_findings as (
    select
        *,
        case measured_as
            when 'slope' then cast({{ var("negligible_slope") }} as double)
            when 'proportion' then cast({{ var("proportional_slope") }} as double)
            else cast({{ var("negligible_difference") }} as double)
        end as margin
    from {{ ref("known_findings") }}
),

examined as (
    select
        *,
        (statistic_ci_high - statistic_ci_low) / 2
        / case when degrees_of_freedom >= 1 then {{ t_975_of_inverse("(1 / degrees_of_freedom)") }} end
            as standard_error,
        {{ verdict("statistic_ci_low", "statistic_ci_high", "margin", "expected") }} as statistic_verdict
    from statistics
    inner join known_findings using (finding)
),

tested as (
    select
        *,
        {{ reach("statistic", "standard_error", "margin") }} as reach,
        case
            when standard_error > 0 then {{ normal_quantile("(statistic / standard_error)", "degrees_of_freedom") }}
        end as z,
        case
            -- From a handful of units an interval is itself a guess.
            when n < min_n then 'cannot_tell'
            -- A check of the machinery holds where the statistic is as good as what algebra says.
            when kind = 'sanity_check'
                then case statistic_verdict
                    when 'negligible' then 'holds' when 'cannot_tell' then 'cannot_tell' else 'does_not_hold'
                end
            when 'does_not_hold' in (statistic_verdict, precondition) then 'does_not_hold'
            when 'cannot_tell' in (statistic_verdict, precondition) then 'cannot_tell'
            when precondition = 'negligible' then 'negligible'
            else statistic_verdict
        end as verdict
    from examined
),

freed as (
    select
        *,
        {{ inverse_freedom_needed("degrees_of_freedom") }} as inverse_freedom
    from tested
),

grown as (
    select
        *,
        case when z is not null and kind = 'finding' then {{ two_sided("z") }} end as p_value,
        case
            when verdict <> 'cannot_tell' then null
            when standard_error > 0
                then
                    greatest(
                        {{ needed_growth() }}, cast(min_n as double) / nullif(n, 0)
                    )
            when interval_note = 'too_few_errors' then {{ var("min_wrong_items") }} / nullif(n_wrong_items, 0)
        end as growth
    from freed
),

ranked as (
    select
        *,
        count(p_value) over () as n_tests,
        case
            when p_value is not null
                then p_value * count(p_value) over () / row_number() over (order by p_value asc nulls last)
        end as p_scaled
    from grown
)

select
    {{ finding_columns() | join(", ") }},
    title,
    kind,
    measured_as,
    min_n,
    verdict,
    p_value,
    n_tests,
    -- Benjamini and Hochberg (1995) over all findings that are published together.
    case
        when p_value is not null
            then
                least(
                    min(p_scaled) over (
                        order by p_value asc nulls last range between current row and unbounded following
                    ),
                    1e0
                )
    end as p_adjusted,
    cast(case when growth is not null then greatest(ceil(n * (growth - 1)), 1) end as bigint) as n_more,
    cast(
        ceil(mean_samples * ({{ needed_sample_growth("growth", "share_from_samples") }} - 1)) as bigint
    ) as n_more_samples_per_item
from ranked
