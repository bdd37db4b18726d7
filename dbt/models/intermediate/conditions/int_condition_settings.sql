with

conditions as (
    select * from {{ ref("int_conditions") }}
),

-- Nested settings by their path; a list of plain values is one setting.
settings as (
    {{ setting_leaves("conditions") }}
),

worded as (
    select
        *,
        regexp_extract(setting, '([^."]+)"?$', 1) as setting_name,
        {{ setting_in_words("told") }} as words
    from settings
)

select
    condition_id,
    setting,
    -- As short as it can be told from the condition's others.
    case when count(*) over (partition by condition_id, setting_name) > 1 then setting else setting_name end
        as setting_name,
    value,
    words,
    {{ setting_order("words") }} as value_order
from worded
