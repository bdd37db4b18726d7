{#
  The chance that k samples of an item, drawn without replacement, vote for the right answer: it has more votes than any
  other, or one in so many as tie with it (a tie is broken at random). Samples without a usable answer have no vote.

  Of all k-subsets those are counted that hold r right votes and at most r of each wrong answer, one wrong answer after the
  other, by what they have drawn so far and how many answers tie: few rows, where the subsets are astronomically many.
#}
{% set most = var("max_majority_votes") %}

with recursive

items as (
    select * from {{ ref("int_item_votes") }}
    where vote_pattern is not null
    -- One item for all that vote alike.
    qualify row_number() over (partition by vote_pattern order by {{ item_keys() | join(", ") }}) = 1
),

outcomes as (
    select * from {{ ref("int_item_outcomes") }}
),

answers as (
    select
        items.vote_pattern,
        outcomes.n_samples,
        row_number() over (partition by items.vote_pattern order by outcomes.n_samples desc) as place
    from items
    inner join outcomes using ({{ item_keys() | join(", ") }})
    where outcomes.outcome = 'wrong_answer'
),

-- In how many ways an answer gets so many votes.
votes as (
    select
        vote_pattern,
        place,
        n_votes,
        exp({{ ln_choose("n_samples", "n_votes") }}) as n_ways
    from answers
    {{ positions(most ~ " + 1", "n_votes") }}
    where n_votes <= n_samples
),

last_answers as (
    select
        items.vote_pattern,
        items.n_samples,
        coalesce(max(answers.place), 0) as place
    from items
    left join answers on items.vote_pattern = answers.vote_pattern
    group by items.vote_pattern, items.n_samples
),

blanks as (
    select
        *,
        exp({{ ln_choose("n_blank", "n_blank_votes") }}) as n_ways
    from items
    {{ positions(most ~ " + 1", "n_blank_votes") }}
    where n_blank_votes <= n_blank
),

begun as (
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
),

drawn as (
    {{ drawn_votes(most, ["n_votes"]) }}
)

select
    drawn.vote_pattern,
    drawn.n_drawn as k,
    -- A share: logarithms of many ways are rounded, and so might lie a little above it.
    least(
        sum(drawn.n_ways / (1 + drawn.n_ties) / exp({{ ln_choose("last_answers.n_samples", "drawn.n_drawn") }})), 1e0
    ) as majority_at_k
from drawn
inner join last_answers on drawn.vote_pattern = last_answers.vote_pattern and drawn.place = last_answers.place
group by drawn.vote_pattern, drawn.n_drawn
