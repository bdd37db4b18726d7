{#
  A condition is told by what differs: the settings in which the conditions of one task and format are not alike, as
  `name: value`, after the format where a task has several. Where nothing differs, by all that is known of it (the label that it
  was read with), and where words do not tell two apart, by the hash of its id besides. A condition of several tasks is told
  by what differs in any of them.

  Common table expressions over `conditions`, `settings` and `asked`, the last of them `labels`.
#}
{% macro condition_labels() %}
    groups as (
        select
            asked.task,
            condition_id,
            conditions.prompt_format,
            count(*) over (partition by asked.task, conditions.prompt_format) as n_alike,
            min(conditions.prompt_format) over (partition by asked.task)
            < max(conditions.prompt_format) over (partition by asked.task) as has_formats
        from asked
        inner join conditions using (condition_id)
    ),

    -- In which settings a task's conditions of one format differ, or only some of them have one.
    telling as (
        select
            groups.task,
            groups.prompt_format,
            settings.setting,
            count(distinct settings.value) as n_values
        from groups
        inner join settings using (condition_id)
        where settings.setting <> 'prompt_format'
        group by groups.task, groups.prompt_format, settings.setting
        having count(distinct settings.value) > 1 or count(*) < max(groups.n_alike)
    ),

    -- The most telling first; with more than four a label is no shorter than the settings.
    told as (
        select
            groups.condition_id,
            telling.setting,
            row_number() over (
                partition by groups.condition_id order by max(telling.n_values) desc, telling.setting
            ) as place
        from groups
        inner join telling
            on groups.task = telling.task and groups.prompt_format is not distinct from telling.prompt_format
        group by groups.condition_id, telling.setting
    ),

    names as (
        select
            setting,
            max(setting_name) as setting_name
        from settings
        group by setting
    ),

    differing as (
        select
            condition_id,
            {{
                joined(
                    "case when place <= 4 then concat(names.setting_name, ': ', coalesce(settings.words, 'not set')) else '…' end",
                    " · ", "place"
                )
            }} as words
        from told
        inner join names using (setting)
        left join settings using (condition_id, setting)
        where place <= 5
        group by condition_id
    ),

    formats as (
        select
            condition_id,
            bool_or(has_formats) as has_formats
        from groups
        group by condition_id
    ),

    worded as (
        select
            condition_id,
            case
                when differing.words is null then conditions.condition_label
                when formats.has_formats then concat(replace(conditions.prompt_format, '_', '-'), ' · ', differing.words)
                else differing.words
            end as words
        from conditions
        left join differing using (condition_id)
        left join formats using (condition_id)
    ),

    alike as (
        select condition_id
        from asked
        inner join worded using (condition_id)
        qualify count(*) over (partition by asked.task, worded.words) > 1
    ),

    labels as (
        select
            condition_id,
            worded.words || case
                when condition_id in (select alike.condition_id from alike)
                    then ' · ' || regexp_extract(condition_id, '[^-]+$', 0)
                else ''
            end as condition_label
        from worded
    )
{% endmacro %}
