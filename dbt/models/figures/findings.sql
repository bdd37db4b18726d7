{% set sources = [
    "reasoning_length", "overthinking", "budgets", "model_scale", "ensembling", "synthetic_steps", "synthetic_scale",
] %}

with

statistics as (
    {% for source in sources %}
        select * from {{ ref("int_finding_" ~ source) }}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

known_findings as (
    select * from {{ ref("known_findings") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

examined as (
    select
        *,
        case expected
            when 'positive' then {{ verdict("statistic_ci_low", "statistic_ci_high") }}
            else {{ verdict("statistic_ci_low", "statistic_ci_high", expected="negative") }}
        end as statistic_verdict
    from statistics
    inner join known_findings using (finding)
),

judged as (
    select
        *,
        case
            -- An interval from a handful of items is itself a guess.
            when n < min_n then 'cannot_tell'
            when 'does_not_hold' in (statistic_verdict, precondition) then 'does_not_hold'
            when 'cannot_tell' in (statistic_verdict, precondition) then 'cannot_tell'
            else 'holds'
        end as verdict
    from examined
)

select
    judged.finding,
    judged.title,
    judged.task,
    judged.problem_id,
    judged.model_id,
    judged.condition_id,
    judged.temperature,
    judged.length_axis,
    judged.decomposition,
    judged.verdict,
    judged.statistic_name,
    judged.statistic,
    judged.statistic_ci_low,
    judged.statistic_ci_high,
    judged.n,
    coalesce(models.is_simulated, false) as is_simulated,
    {{
        words(
            verdict_words("judged.verdict"),
            "' for '",
            "coalesce(judged.model_id, 'models of different size')",
            "' on '",
            "judged.task",
            "case when conditions.condition_label is null then '' else concat(' (', conditions.condition_label, ')') end",
            "': '",
            "judged.told",
            "case when judged.n < judged.min_n "
                ~ "then concat('; fewer than ', judged.min_n, ' are too few to tell') else '' end",
            "'.'",
        )
    }} as sentence
from judged
left join models on judged.model_id = models.model_id
left join conditions on judged.condition_id = conditions.condition_id
order by finding, task, problem_id, model_id, condition_id, temperature
