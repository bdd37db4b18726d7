with

halves as (
    select * from {{ ref("int_overthinking_held") }}
)

-- As findings are told.
select
    {{ (item_keys() + ["length_axis", "half"]) | join(", ") }},
    decomposition,
    mean_length,
    accuracy,
    error,
    variance_unbiased
from halves
where format_failures = 'included' and kl_delta in (0e0, {{ var("kl_delta") }})
