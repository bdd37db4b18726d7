{#
  The chance that k samples of an item, half of them one model's and half another's, drawn without replacement, vote for the right
  answer: as in int_majority_votes, with the ways of both models multiplied.
#}
{% set most = ((var("mixed_votes") | max | int) / 2) | int %}
{% set item = (model_pair_keys() + ["item_id"]) | join(", ") %}

with recursive

-- One item for all that vote alike; by number from here on, since millions of ways are grouped by the pattern.
items as (
    select
        {{ item }},
        pairs.vote_pattern as pattern_in_words,
        row_number() over (order by pairs.vote_pattern, {{ item }}) as vote_pattern,
        n_samples,
        n_right,
        n_blank,
        other_n_samples,
        other_n_right,
        other_n_blank
    from {{ ref("int_vote_pairs") }} as pairs
    qualify row_number() over (partition by pairs.vote_pattern order by {{ item }}) = 1
),

answers as (
    select
        items.vote_pattern,
        counts.n_samples,
        counts.other_n_samples,
        row_number() over (partition by items.vote_pattern order by predicted_index) as place
    from items
    inner join {{ ref("int_vote_pair_answers") }} as counts using ({{ item }})
),

last_answers as (
    select
        items.vote_pattern,
        items.pattern_in_words,
        items.n_samples,
        items.other_n_samples,
        coalesce(max(answers.place), 0) as place
    from items
    left join answers on items.vote_pattern = answers.vote_pattern
    group by items.vote_pattern, items.pattern_in_words, items.n_samples, items.other_n_samples
),

-- In how many ways both models give an answer so many votes.
votes as (
    select
        vote_pattern,
        place,
        n_votes,
        other_n_votes,
        exp({{ ln_choose("n_samples", "n_votes") }} + {{ ln_choose("other_n_samples", "other_n_votes") }}) as n_ways
    from answers
    {{ positions(most + 1, "n_votes") }}
    {{ positions(most + 1, "other_n_votes") }}
    where n_votes <= n_samples and other_n_votes <= other_n_samples
),

-- What each model draws of right answers and of blanks.
{% for side in ["", "other_"] %}
    {{ side }}starts as (
        select
            vote_pattern,
            n_right_votes,
            n_right_votes + n_blank_votes as n_drawn,
            exp(
                {{ ln_choose(side ~ "n_right", "n_right_votes") }} + {{ ln_choose(side ~ "n_blank", "n_blank_votes") }}
            ) as n_ways
        from items
        {{ positions(most + 1, "n_right_votes") }}
        {{ positions(most + 1, "n_blank_votes") }}
        where
            n_right_votes <= {{ side }}n_right and n_blank_votes <= {{ side }}n_blank
            and n_right_votes + n_blank_votes <= {{ most }}
    ),
{% endfor %}

begun as (
    select
        starts.vote_pattern,
        starts.n_right_votes + other_starts.n_right_votes as n_right_votes,
        cast(0 as bigint) as place,
        starts.n_drawn,
        other_starts.n_drawn as other_n_drawn,
        cast(0 as bigint) as n_ties,
        sum(starts.n_ways * other_starts.n_ways) as n_ways
    from starts
    inner join other_starts on starts.vote_pattern = other_starts.vote_pattern
    where starts.n_right_votes + other_starts.n_right_votes > 0
    group by all
),

drawn as (
    {{ drawn_votes(most, ["n_votes", "other_n_votes"]) }}
)

select
    last_answers.pattern_in_words as vote_pattern,
    cast(2 * drawn.n_drawn as bigint) as n_votes,
    -- A share: logarithms of many ways are rounded, and so might lie a little above it.
    least(
        sum(
            drawn.n_ways / (1 + drawn.n_ties)
            / exp(
                {{ ln_choose("last_answers.n_samples", "drawn.n_drawn") }}
                + {{ ln_choose("last_answers.other_n_samples", "drawn.n_drawn") }}
            )
        ),
        1e0
    ) as mixed_majority
from drawn
inner join last_answers on drawn.vote_pattern = last_answers.vote_pattern and drawn.place = last_answers.place
where drawn.n_drawn = drawn.other_n_drawn and 2 * drawn.n_drawn in ({{ var("mixed_votes") | join(", ") }})
group by last_answers.pattern_in_words, drawn.n_drawn
