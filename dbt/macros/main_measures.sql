{#
  What a pool is told by where one number has to stand for it (findings, pictures, report): its main decomposition and its
  main length axis, the first of these that it has. int_pools decides it; everything else reads the result there.
#}

{# Questions with options by KL (int_pools: by Brier where answers are letters), unit tests before the score that they add up to; embedding has a variance alone. #}
{% macro decompositions_by_preference() %}{{ return(["kl", "brier", "coverage", "score", "embedding"]) }}{% endmacro %}

{# The paper's own choice per task: messages of an agent, else tokens of reasoning, else all tokens. #}
{% macro length_axes_by_preference() %}{{ return(["actions", "reasoning_tokens", "output_tokens"]) }}{% endmacro %}

{# The first of several names for which a condition on it holds; `condition` has the name in the place of `{}`. #}
{% macro first_preferred(names, condition) -%}
    case
        {%- for name in names %}
            when {{ condition.replace("{}", name) }} then '{{ name }}'
        {%- endfor %}
    end
{%- endmacro %}

{# What two pools are told by together: the less preferred of their two, which as a rule both have; NULL if one has none. #}
{% macro main_of_two(one, other, names) -%}
    case
        when {{ one }} is null or {{ other }} is null then null
        {%- for name in names | reverse %}
            when '{{ name }}' in ({{ one }}, {{ other }}) then '{{ name }}'
        {%- endfor %}
    end
{%- endmacro %}

{# Whether a row shows its pool by the pool's main decomposition; wants a join named pools, of int_pools. #}
{% macro is_main_decomposition(relation, pools="pools") -%}
    coalesce({{ relation }}.decomposition = {{ pools }}.main_decomposition, false) as is_main_decomposition
{%- endmacro %}

{# The same of its length axis. #}
{% macro is_main_length_axis(relation, pools="pools") -%}
    coalesce({{ relation }}.length_axis = {{ pools }}.main_length_axis, false) as is_main_length_axis
{%- endmacro %}

{# Joins the pools of a relation's rows, for these two. #}
{% macro join_pools(relation) %}
inner join pools
    on
        {{ relation }}.task = pools.task
        and {{ relation }}.model_id = pools.model_id
        and {{ relation }}.condition_id = pools.condition_id
{% endmacro %}
