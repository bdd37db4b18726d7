{# Where rows of the synthetic figures come from; a recorded run is never mixed with one's own. #}
{% macro own_source() %}'this warehouse'{% endmacro %}
{% macro recorded_source() %}'recorded run'{% endmacro %}

{# Columns of the synthetic figures that a recorded run has too. #}
{% macro scale_columns() %}
    {{ return([
        "problem_id", "profile", "decomposition", "model_id", "param_count", "seed", "starts", "start_scale", "jitter",
        "temperature", "final_step", "validation_loss", "uniform_loss", "n_starts", "n_points",
    ] + with_ends(["error", "bias_sq", "variance"]) + ["bias_sq_unbiased", "variance_unbiased", "incoherence"]
    + corrected_columns()) }}
{% endmacro %}

{% macro step_columns() %}
    {{ return([
        "problem_id", "profile", "model_id", "param_count", "seed", "is_teacher", "starts", "temperature", "decomposition",
        "step", "n_starts", "n_points",
    ] + with_ends(["error", "bias_sq", "variance"]) + ["bias_sq_unbiased", "variance_unbiased", "incoherence"]
    + corrected_columns()) }}
{% endmacro %}

{% macro setting_columns() %}
    {{ return([
        "problem_id", "profile", "model_id", "param_count", "seed", "is_teacher", "decomposition", "starts", "start_scale",
        "jitter", "temperature", "n_starts", "final_step", "incoherence_first", "incoherence_final",
    ] + with_ends(["difference", "over_exact"])) }}
{% endmacro %}

{% macro with_ends(names) %}
    {% set columns = [] %}
    {% for name in names %}
        {% for end in ["", "_ci_low", "_ci_high"] %}{% do columns.append(name ~ end) %}{% endfor %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}

{# Rows of this warehouse above those of the recorded run. #}
{% macro beside_recorded(own, recorded, columns) %}
    select
        {{ own_source() }} as source,
        {{ columns | join(",\n        ") }}
    from {{ own }}

    union all

    select
        {{ recorded_source() }} as source,
        {{ columns | join(",\n        ") }}
    from {{ recorded }}
{% endmacro %}

{# Power laws of what models end with over their number of parameters; each model, a size with a seed, is a point. #}
{% macro scale_fits(relation) %}
    {% set keys = ["problem_id", "decomposition", "starts", "temperature"] %}
    {% set measures = {
        "validation_loss": "validation_loss",
        "bias_sq": "bias_sq",
        "variance": "variance",
        "incoherence": "incoherence",
        "incoherence_unbiased": "incoherence_unbiased",
        "bias_sq_over_variance": "bias_sq / nullif(variance, 0)",
    } %}
    with measures as (
        {% for measure, expression in measures.items() %}
            select
                {{ keys | join(", ") }},
                param_count,
                '{{ measure }}' as measure,
                {{ expression }} as measured
            from {{ relation }}
            {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    sizes as (
        select
            {{ keys | join(", ") }},
            count(distinct param_count) as n_sizes
        from {{ relation }}
        group by {{ keys | join(", ") }}
    ),

    fits as (
        {{ log_log_fit("measures", "param_count", "measured", keys + ["measure"]) }}
    )

    select
        fits.*,
        sizes.n_sizes
    from fits
    inner join sizes using ({{ keys | join(", ") }})
{% endmacro %}
