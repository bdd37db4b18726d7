with

items as (
    select * from {{ ref("int_item_failure_modes") }}
)

select
    ---------- ids
    {{ item_keys() | join(", ") }},

    ---------- text
    failure_mode,
    failure_mode_note,

    ---------- numbers
    n_samples,
    n_right,
    n_wrong_answers,
    n_format_failures,
    n_cut_off,
    n_refused,
    n_unjudged,
    mode_share,
    top_two_share
from items
