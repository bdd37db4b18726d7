{{ per_pool() }}

{% set group = ["item_number", "format_failures"] %}
{% set keys = with_delta(group, var("sensitivity_deltas")) %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

answers as (
    select * from {{ ref("int_item_answers") }}
),

treated as (
    {{ treated_both_ways("answers") }}
),

decomposed as (
    select * from ({{ kl_and_brier("treated", group, var("sensitivity_deltas")) }}) as decomposed_both_ways
    where decomposition = 'kl'
),

-- As in the corrections at one δ: what is left out is a context where there are several, else a sample.
several_contexts as (
    select distinct item_number
    from {{ ref("int_item_context_moments") }}
),

across_contexts as (
    select
        {{ (item_keys() + keys[1:]) | join(", ") }},
        max(variance_unbiased) as variance_across_contexts
    from {{ ref("int_item_kl_sensitivity_contexts") }}
    group by {{ (item_keys() + keys[1:]) | join(", ") }}
)

select
    {{ (item_keys() + keys[1:]) | join(", ") }},
    n_samples,
    error,
    bias_sq,
    variance,
    case when several_contexts.item_number is null then variance_unbiased else variance_across_contexts end
        as variance_unbiased
from decomposed
inner join numbers using (item_number)
left join several_contexts on decomposed.item_number = several_contexts.item_number
left join across_contexts using ({{ (item_keys() + keys[1:]) | join(", ") }})
