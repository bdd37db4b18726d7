with

tested as (
    select * from {{ ref("int_finding_verdicts") }}
),

-- By the other metric: KL beside Brier, Brier beside KL, score beside coverage, pooled rollouts beside those per start.
others as (
    select
        told_id,
        verdict as other_verdict,
        {{
            words(
                "'by '", metric_in_words(), "' '", in_words("statistic"), "' '",
                ends_in_words("statistic_ci_low", "statistic_ci_high")
            )
        }} as other_told
    from tested
    where not is_told and statistic is not null
    qualify
        row_number() over (
            partition by told_id
            order by decomposition in ('kl', 'brier') desc, decomposition asc
        ) = 1
),

told as (
    select * from tested
    left join others using (told_id)
    where is_told
),

freed as (
    select
        *,
        {{ inverse_freedom_needed("degrees_of_freedom") }} as inverse_freedom,
        {{ inverse_freedom_needed("precondition_freedom", "precondition_reach") }} as precondition_inverse_freedom
    from told
),

grown as (
    select
        *,
        case when z is not null and kind = 'finding' then {{ two_sided("z") }} end as p_value,
        case
            when verdict <> 'cannot_tell' then null
            -- Of the two that have to be told, the one that takes more; what can be told already takes nothing.
            when standard_error > 0
                then
                    greatest(
                        case when of_statistic = 'cannot_tell' then {{ needed_growth() }} end,
                        case
                            when precondition = 'cannot_tell'
                                then {{ needed_growth("precondition_reach", "precondition_inverse_freedom") }}
                        end,
                        case when n < min_n then cast(min_n as double) / nullif(n, 0) end
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
    told_id,
    other_verdict,
    other_told,
    title,
    kind,
    measured_as,
    min_n,
    paper_shows,
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
    {{ needed_more() }}
from ranked
