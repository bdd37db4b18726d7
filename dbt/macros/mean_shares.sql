{#
  Means over items of columns between 0 and 1, each with a 95 % interval that stays there: that of a share (macro wilson) of as many
  independent yes-or-no items as would leave the mean as uncertain as it is.

  With r the sums over C clusters (var cluster; by default items) of what n items lie beside the mean m, these are
  m (1 − m) n² / (C/(C − 1) · Σ r²) · (t_C−1 / t)² (Korn and Graubard 1998), where t has min(C − 1, (Σr²)² / Σr⁴) degrees of freedom:
  few that decide are few. They are at least the C − 1 that C items count which are all 0 or 1, as nothing between 0 and 1 varies
  more. Where the mean is 0 or 1 nothing varies, and clusters are counted. NULL below two clusters.
  How often such intervals hold the truth: benchmarks/failure_coverage.py.

  relation: one row per item with item_id, cluster_id and `most`, as many as which no mean can be more certain than; a share that is
  NULL is left out of its mean.
#}
{% macro mean_shares(relation, keys, shares, most="n_samples") %}
    {% set group = keys | join(", ") %}
    {% set cluster = cluster_of("item_id") %}
    with centers as (
        select
            {{ group }},
            {% for share in shares %}
                avg({{ share }}) as {{ share }},
                cast(count({{ share }}) as double) as {{ share }}_n,
                cast(sum({{ most }}) filter (where {{ share }} is not null) as double) as {{ share }}_most{{ "," if not loop.last }}
            {% endfor %}
        from {{ relation }}
        group by {{ group }}
    ),

    residuals as (
        select
            {{ columns_of("units", keys) }},
            {% for share in shares %}
                {{ unit_total("units." ~ share ~ " - centers." ~ share, "item_id") }} as {{ share }}_residual{{ "," if not loop.last }}
            {% endfor %}
        from {{ relation }} as units
        inner join centers using ({{ group }})
        {{ "group by " ~ columns_of("units", keys) ~ ", units." ~ cluster if cluster != "item_id" }}
    ),

    spreads as (
        select
            {{ group }},
            {% for share in shares %}
                cast(count({{ share }}_residual) as double) as {{ share }}_clusters,
                1 / cast(nullif(count({{ share }}_residual) - 1, 0) as double) as {{ share }}_inverse_most,
                least(
                    greatest(
                        1 / cast(nullif(count({{ share }}_residual) - 1, 0) as double),
                        sum(pow({{ share }}_residual, 4)) / nullif(pow(sum(pow({{ share }}_residual, 2)), 2), 0)
                    ),
                    1e0
                ) as {{ share }}_inverse_freedom,
                sum(pow({{ share }}_residual, 2)) as {{ share }}_sq{{ "," if not loop.last }}
            {% endfor %}
        from residuals
        group by {{ group }}
    ),

    sized as (
        select
            {{ group }},
            {% for share in shares %}
                {{ share }},
                case
                    when {{ share }}_inverse_most is null then null
                    when {{ share }} in (0, 1) then {{ share }}_clusters
                    else
                        least(
                            {{ share }}_most,
                            greatest(
                                {{ share }} * (1 - {{ share }}) * pow({{ share }}_n, 2)
                                / nullif({{ share }}_sq * (1 + {{ share }}_inverse_most), 0)
                                * pow(
                                    ({{ t_975_of_inverse(share ~ "_inverse_most") }})
                                    / ({{ t_975_of_inverse(share ~ "_inverse_freedom") }}),
                                    2
                                ),
                                {{ share }}_clusters - 1
                            )
                        )
                end as {{ share }}_independent{{ "," if not loop.last }}
            {% endfor %}
        from centers
        inner join spreads using ({{ group }})
    )

    select
        {{ group }},
        {% for share in shares %}
            {{ share }},
            {% for end, sign in {"low": "-", "high": "+"}.items() %}
                {{ wilson(share ~ " * " ~ share ~ "_independent", share ~ "_independent", sign) }}
                    as {{ share }}_ci_{{ end }}{{ "," if not loop.last }}
            {% endfor %}
            {{- "," if not loop.last }}
        {% endfor %}
    from sized
{% endmacro %}
