{# By recursion with sums on the way; Spark has none of that kind, and folds a list. #}

{#
  In how many ways samples are drawn so that r are right and none of the wrong answers has more: columns n_right_votes, place (of
  the last answer), n_drawn, n_ties, n_ways; of `blanks` and `votes`, with at most `most` drawn.
#}
{% macro drawn_votes(most) %}{{ return(adapter.dispatch("drawn_votes")(most)) }}{% endmacro %}

{% macro default__drawn_votes(most) %}
    {{ right_and_blank_votes(most) }}

    union all

    select
        drawn.vote_pattern,
        drawn.n_right_votes,
        votes.place,
        drawn.n_drawn + votes.n_votes as n_drawn,
        drawn.n_ties + case when votes.n_votes = drawn.n_right_votes then 1 else 0 end as n_ties,
        sum(drawn.n_ways * votes.n_ways) as n_ways
    from drawn
    inner join votes on drawn.vote_pattern = votes.vote_pattern and drawn.place + 1 = votes.place
    where votes.n_votes <= drawn.n_right_votes and drawn.n_drawn + votes.n_votes <= {{ most }}
    group by all
{% endmacro %}

{#
  The ways are a list: those with d drawn and t ties stand at d · width + t. No answer ties when the width is passed, so what a step
  takes from before the beginning of a row is 0.
#}
{% macro spark__drawn_votes(most) %}
    {%- set width = "(n_answers + 2)" %}
    with begun as (
        select
            vote_pattern,
            n_right_votes,
            map_from_entries(collect_list(struct(n_drawn, n_ways))) as ways
        from ({{ right_and_blank_votes(most) }})
        group by vote_pattern, n_right_votes
    ),

    -- Of each wrong answer, in how many ways it gets 0, 1, … votes.
    ways_by_answer as (
        select
            vote_pattern,
            place,
            transform(sort_array(collect_list(struct(n_votes, n_ways))), way -> way.n_ways) as ways
        from votes
        group by vote_pattern, place
    ),

    answers as (
        select
            vote_pattern,
            transform(sort_array(collect_list(struct(place, ways))), answer -> answer.ways) as answers
        from ways_by_answer
        group by vote_pattern
    ),

    together as (
        select
            begun.*,
            answers.answers,
            coalesce(array_size(answers.answers), 0) as n_answers
        from begun
        left join answers on begun.vote_pattern = answers.vote_pattern
    ),

    folded as (
        select
            *,
            aggregate(
                coalesce(answers, array()),
                transform(
                    sequence(0, {{ most + 1 }} * {{ width }} - 1),
                    i -> case when i % {{ width }} = 0 then coalesce(ways[i div {{ width }}], 0e0) else 0e0 end
                ),
                (drawn_ways, answer) -> transform(drawn_ways, (before, i) -> aggregate(
                    sequence(0, cast(least(n_right_votes, array_size(answer) - 1) as int)),
                    0e0,
                    (total, v) -> total + get(answer, v) * coalesce(
                        get(drawn_ways, i - v * {{ width }} - case when v = n_right_votes then 1 else 0 end), 0e0
                    )
                ))
            ) as all_ways
        from together
    )

    select
        vote_pattern,
        n_right_votes,
        cast(n_answers as bigint) as place,
        cast(position div {{ width }} as bigint) as n_drawn,
        cast(position % {{ width }} as bigint) as n_ties,
        n_ways
    from folded
    lateral view posexplode(all_ways) as position, n_ways
    where n_ways > 0
{% endmacro %}

{# Before any wrong answer. #}
{% macro right_and_blank_votes(most) %}
    select
        vote_pattern,
        n_right_votes,
        cast(0 as bigint) as place,
        n_right_votes + n_blank_votes as n_drawn,
        cast(0 as bigint) as n_ties,
        n_ways * exp({{ ln_choose("n_right", "n_right_votes") }}) as n_ways
    from blanks
    {{ positions(most ~ " + 1", "n_right_votes") }}
    where n_right_votes between 1 and n_right and n_right_votes + n_blank_votes <= {{ most }}
{% endmacro %}
