with

aliases as (
    select * from {{ ref("model_aliases") }}
),

named as (
    select model_id from {{ source("raw", "samples") }}
    union
    select model_id from {{ source("raw", "models") }}
),

-- An alias in two spellings is still one.
spelled as (
    select
        lower(alias) as alias,
        min(model_id) as model_id
    from aliases
    group by lower(alias)
)

select
    named.model_id as source_model_id,
    -- An alias with a host in front is of that host alone; one without is of all of them.
    coalesce(of_host.model_id, usual.model_id, named.model_id) as model_id
from named
left join spelled as of_host on lower(named.model_id) = of_host.alias
left join spelled as usual on {{ usual_name("named.model_id") }} = usual.alias
