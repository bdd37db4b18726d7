{#
  In how many ways samples are drawn so that `n_right_votes` of them are right and no wrong answer has more: one wrong answer
  after the other, by what has been drawn so far (a number for each column of `votes`, at most `most`) and how many tie.
  Of CTEs `begun` (vote_pattern, n_right_votes, place 0, what is drawn before any wrong answer, n_ties 0, n_ways) and `votes`
  (vote_pattern, place from 1 on, a column of votes per model, n_ways) the rows of `drawn`, which has the columns of `begun`.
  By recursion with sums on the way; Spark has none of that kind, and folds lists.
#}
{% macro drawn_votes(most, votes) %}{{ return(adapter.dispatch("drawn_votes")(most, votes)) }}{% endmacro %}

{% macro default__drawn_votes(most, votes) %}
    {%- set total = "votes." ~ votes | join(" + votes.") %}
    select * from begun

    union all

    select
        drawn.vote_pattern,
        drawn.n_right_votes,
        votes.place,
        {% for column in votes %}
            drawn.{{ drawn_by(column) }} + votes.{{ column }} as {{ drawn_by(column) }},
        {% endfor %}
        drawn.n_ties + case when {{ total }} = drawn.n_right_votes then 1 else 0 end as n_ties,
        sum(drawn.n_ways * votes.n_ways) as n_ways
    from drawn
    inner join votes on drawn.vote_pattern = votes.vote_pattern and drawn.place + 1 = votes.place
    where
        {{ total }} <= drawn.n_right_votes
        {% for column in votes %}
            and drawn.{{ drawn_by(column) }} + votes.{{ column }} <= {{ most }}
        {% endfor %}
    group by all
{% endmacro %}

{# 'n_votes' → 'n_drawn' #}
{% macro drawn_by(column) %}{{ return(column | replace("votes", "drawn")) }}{% endmacro %}

{#
  What is drawn is one number, `code`, with a digit per model. A digit has room for twice `most` and is 0 above `most`, so that
  nothing is borrowed. The ways with t ties stand at code · width + t, and no answer ties at the last t.
#}
{% macro spark__drawn_votes(most, votes) %}
    {%- set base = 2 * most + 1 %}
    {%- set width = "(n_answers + 2)" %}
    with coded as (
        select
            vote_pattern,
            n_right_votes,
            map_from_entries(collect_list(struct({{ digits(votes | map("replace", "votes", "drawn"), base) }}, n_ways))) as ways
        from begun
        group by vote_pattern, n_right_votes
    ),

    by_answer as (
        select
            vote_pattern,
            place,
            collect_list(
                named_struct('code', {{ digits(votes, base) }}, 'n', {{ votes | join(" + ") }}, 'ways', n_ways)
            ) as draws
        from votes
        group by vote_pattern, place
    ),

    answers as (
        select
            vote_pattern,
            transform(sort_array(collect_list(struct(place, draws))), answer -> answer.draws) as answers
        from by_answer
        group by vote_pattern
    ),

    together as (
        select
            coded.*,
            coalesce(answers.answers, array()) as answers,
            coalesce(array_size(answers.answers), 0) as n_answers
        from coded
        left join answers on coded.vote_pattern = answers.vote_pattern
    ),

    folded as (
        select
            *,
            aggregate(
                answers,
                transform(sequence(0, {{ base ** (votes | length) }} * {{ width }} - 1), i ->
                    case when i % {{ width }} = 0 then coalesce(ways[cast(i div {{ width }} as bigint)], 0e0) else 0e0 end
                ),
                (before, draws) -> transform(before, (same, i) ->
                    case when {{ digits_fit("(i div " ~ width ~ ")", votes, base, most) }} then aggregate(
                        filter(draws, draw -> draw.n <= n_right_votes), 0e0, (total, draw) -> total + draw.ways * coalesce(get(
                            before,
                            cast(i - draw.code * {{ width }} - case when draw.n = n_right_votes then 1 else 0 end as int)
                        ), 0e0)
                    ) else 0e0 end
                )
            ) as all_ways
        from together
    )

    select
        vote_pattern,
        n_right_votes,
        cast(n_answers as bigint) as place,
        {% for column in votes %}
            cast(position div {{ width }} div {{ base ** loop.revindex0 }} % {{ base }} as bigint) as {{ drawn_by(column) }},
        {% endfor %}
        cast(position % {{ width }} as bigint) as n_ties,
        n_ways
    from folded
    lateral view posexplode(all_ways) as position, n_ways
    where n_ways > 0
{% endmacro %}
