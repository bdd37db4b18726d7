{# Keys that many models share, so that a grain is spelled once. #}

{% macro pool_keys() %}{{ return(["task", "model_id", "condition_id"]) }}{% endmacro %}

{# Two pools of one task that differ in the model alone, or in the condition alone. #}
{% macro pair_keys() %}{{ return(pool_keys() + ["compared", "other_model_id", "other_condition_id"]) }}{% endmacro %}

{# Two models under one condition of a task. #}
{% macro model_pair_keys() %}{{ return(["task", "condition_id", "model_id", "other_model_id"]) }}{% endmacro %}

{# The rows of a pair's two pools: of the first from `table`, of the other from the same as `others`, alike in `also`. #}
{% macro join_both_pools(pairs, table, also=[]) %}
    inner join {{ table }}
        on
            {{ pairs }}.task = {{ table }}.task
            and {{ pairs }}.model_id = {{ table }}.model_id
            and {{ pairs }}.condition_id = {{ table }}.condition_id
    inner join {{ table }} as others
        on
            {{ pairs }}.task = others.task
            and {{ pairs }}.other_model_id = others.model_id
            and {{ pairs }}.other_condition_id = others.condition_id
            {% for column in also %}
                and {{ table }}.{{ column }} = others.{{ column }}
            {% endfor %}
{% endmacro %}

{# Who graded a pool: one grader, or (is_panel) all of its graders. #}
{% macro grader_set_keys() %}{{ return(pool_keys() + ["is_panel", "grader"]) }}{% endmacro %}

{# What is told of the grades of such a set, by the name of its column. #}
{% macro judge_measures() %}
    {{ return([
        "grade_variance", "model_variance", "judge_variance", "judge_share", "grader_variance", "grader_bias",
    ]) }}
{% endmacro %}

{% macro item_keys() %}{{ return(pool_keys() + ["item_id"]) }}{% endmacro %}

{# What a decomposition has beside the keys of its group. #}
{% macro decomposition_columns() %}
    {{ return([
        "decomposition", "n_samples", "error", "bias_sq", "variance", "bias_sq_unbiased", "variance_unbiased",
    ]) }}
{% endmacro %}

{# Keys, each with its relation: for selects from joins without `using`. #}
{% macro columns_of(relation, names) -%}
    {%- for name in names %}{{ relation }}.{{ name }}{{ ", " if not loop.last }}{% endfor -%}
{%- endmacro %}

{% macro rollout_keys() %}{{ return(["problem_id", "model_id", "starts", "temperature"]) }}{% endmacro %}

{# Column of samples and items, per length axis. #}
{% macro length_axes() %}
    {{ return({"reasoning_tokens": "reasoning_tokens", "output_tokens": "output_tokens", "actions": "n_actions"}) }}
{% endmacro %}

{# What the length figures are keyed by; labels ride along from the dimensions. #}
{% macro length_keys() %}{{ return(pool_keys() + ["decomposition", "length_axis"]) }}{% endmacro %}

{# What a slope of incoherence is fitted to; fit_id: a model, a family of models, or all models of the task. #}
{% macro slope_keys() %}{{ return(["task", "condition_id", "decomposition", "slope_over", "length_axis", "fit_id"]) }}{% endmacro %}
