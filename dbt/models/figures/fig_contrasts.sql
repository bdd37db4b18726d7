with

contrasts as (
    {{ contrast_rows() }}
),

judged as (
    select
        *,
        {{ contrast_verdict() }} as verdict
    from contrasts
)

select
    *,
    {{ contrast_sentence() }} as sentence
from judged
order by task, model_id, setting, condition_id, other_condition_id, decomposition
