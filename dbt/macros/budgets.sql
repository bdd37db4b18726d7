{# What budgets sort by: tokens where they are numbers, else the providers' words for effort. #}
{% macro budget_order(budget) -%}
    coalesce(
        try_cast({{ budget }} as double),
        case lower({{ budget }})
            when 'none' then 0
            when 'minimal' then 1
            when 'low' then 2
            when 'medium' then 3
            when 'high' then 4
            when 'xhigh' then 5
            when 'max' then 6
        end
    )
{%- endmacro %}

{#
  What conditions that differ in their budget must have in common to be compared. Not max_tokens, which providers make
  people raise together with the budget.
#}
{% macro budget_settings() %}{{ return(["prompt_format", "n_shots", "temperature", "top_p", "top_k"]) }}{% endmacro %}
