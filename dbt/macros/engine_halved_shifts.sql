{# By recursion with sums on the way; Spark has none of that kind, and folds a list. #}

{# Of each pair of pools the interval of the shift u (macro matched), halved `n_halvings` times: columns step, low, high. #}
{% macro halved_shifts(n_halvings) %}{{ return(adapter.dispatch("halved_shifts")(n_halvings)) }}{% endmacro %}

{% macro default__halved_shifts(n_halvings) %}
    {%- set pair = pair_keys() | join(", ") %}
    {%- set middle = "((halved.low + halved.high) / 2)" %}
    select
        {{ pair }},
        cast(0 as bigint) as step,
        0e0 as low,
        6e-1 as high
    from pairs

    union all

    select
        {{ columns_of("tried", pair_keys()) }},
        tried.step + 1 as step,
        case when tried.accuracy > pairs.target_accuracy then (tried.low + tried.high) / 2 else tried.low end as low,
        case when tried.accuracy > pairs.target_accuracy then tried.high else (tried.low + tried.high) / 2 end as high
    from (
        select
            {{ columns_of("halved", pair_keys()) }},
            halved.step,
            halved.low,
            halved.high,
            2 * {{ root_odds(middle) }} * sum({{ series_weight(middle, "means.k") }} * means.right_moment) as accuracy
        from halved
        inner join means using ({{ pair }})
        where halved.step < {{ n_halvings }}
        group by {{ columns_of("halved", pair_keys()) }}, halved.step, halved.low, halved.high
    ) as tried
    inner join pairs using ({{ pair }})
{% endmacro %}

{% macro spark__halved_shifts(n_halvings) %}
    {%- set pair = pair_keys() | join(", ") %}
    {%- set accuracy -%}
        2 * {{ root_odds("middle") }}
        * aggregate(moments, 0e0, (total, term) -> total + {{ series_weight("middle", "term.k") }} * term.right_moment)
    {%- endset %}
    select
        {{ pair }},
        cast({{ n_halvings }} as bigint) as step,
        ends.low,
        ends.high
    from (
        select
            {{ pair }},
            aggregate(
                sequence(1, {{ n_halvings }}),
                named_struct('low', 0e0, 'high', 6e-1),
                -- A list of one gives the middle a name.
                (ends, i) -> get(transform(array((ends.low + ends.high) / 2), middle -> named_struct(
                    'low', case when {{ accuracy }} > target_accuracy then middle else ends.low end,
                    'high', case when {{ accuracy }} > target_accuracy then ends.high else middle end
                )), 0)
            ) as ends
        from (
            select
                {{ pair }},
                pairs.target_accuracy,
                sort_array(collect_list(named_struct('k', means.k, 'right_moment', means.right_moment))) as moments
            from pairs
            inner join means using ({{ pair }})
            group by {{ pair }}, pairs.target_accuracy
        )
    )
{% endmacro %}
