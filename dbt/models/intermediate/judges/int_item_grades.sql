{#
  The variance of a grade split into the model's and the judges', for an item with samples i that raters g graded: graders, or the
  repeats of one grader. The model is that of two-way random effects (Shrout and Fleiss 1979, case 2; with unequal numbers the
  method of moments, Searle, Casella and McCulloch 1992, chapter 5),

      y_igr = μ + a_i + b_g + c_ig + e_igr,

  and the means of products of two grades y y' tell its variances apart, by what the two have in common:

      the grade itself           of_itself   = μ² + σ²_a + σ²_b + σ²_ce
      the sample, not the rater  of_sample   = μ² + σ²_a
      the rater, not the sample  of_rater    = μ² + σ²_b
      nothing                    of_nothing  = μ²

  so that grade_variance = of_itself − of_nothing is what one grade of one sample varies by, model_variance = of_sample −
  of_nothing what raters see alike in different samples, judge_variance = of_itself − of_sample what they see differently in one,
  and grader_variance = of_rater − of_nothing the part of that which is systematic. Each is without bias, as long as grades are
  not missing because of what they would be. With ȳ_ig the mean of a rater's grades of a sample, G_i the raters of a sample and
  means over pairs of unlike indices,

      of_itself  = Σ_i (G_i − 1) · mean_g mean_r y²_igr / Σ_i (G_i − 1)
      of_sample  = Σ_i (G_i − 1) · mean_{g ≠ g'} ȳ_ig ȳ_ig' / Σ_i (G_i − 1)
      of_rater, of_nothing = means of ȳ_ig ȳ_i'g' over pairs i ≠ i' with g = g', with g ≠ g'

  judge_variance is the mean square within samples of one-way analysis of variance, and where every rater graded every sample once all
  are those of two-way analysis of variance: (MS_samples − MS_rest) / G for the model's.
#}
{% set keys = grader_set_keys() + ["item_id"] %}
{% set group = keys | join(", ") %}

with

cells as (
    select * from {{ ref("int_grade_cells") }}
),

samples as (
    select
        {{ group }},
        sample_id,
        count(*) as n_raters,
        sum(n_grades) as n_grades,
        avg(mean_square) as mean_square,
        sum(mean_grade) as total,
        sum(mean_grade * mean_grade) as square_total
    from cells
    group by {{ group }}, sample_id
),

raters as (
    select
        {{ group }},
        rater,
        count(*) as n_samples,
        sum(mean_grade) as total
    from cells
    group by {{ group }}, rater
),

by_sample as (
    select
        {{ group }},
        count(*) as n_samples,
        count(*) filter (where n_raters > 1) as n_samples_regraded,
        cast(sum(n_grades) as bigint) as n_grades,
        sum(n_raters) as n_cells,
        sum(n_raters * n_raters) as n_pairs_of_sample,
        sum(n_raters - 1) as freedom,
        sum((n_raters - 1) * mean_square) as square_sum,
        sum((total * total - square_total) / n_raters) as product_sum,
        sum(total) as total,
        sum(total * total) as sample_squares,
        sum(square_total) as cell_squares
    from samples
    group by {{ group }}
),

by_rater as (
    select
        {{ group }},
        sum(n_samples * n_samples) as n_pairs_of_rater,
        sum(total * total) as rater_squares
    from raters
    group by {{ group }}
),

-- Means of the grades' squares and of their products, by what two grades have in common.
products as (
    select
        {{ columns_of("by_sample", keys) }},
        by_sample.n_samples,
        by_sample.n_samples_regraded,
        by_sample.n_grades,
        square_sum / cast(nullif(freedom, 0) as double) as of_itself,
        product_sum / cast(nullif(freedom, 0) as double) as of_sample,
        (rater_squares - cell_squares) / cast(nullif(n_pairs_of_rater - n_cells, 0) as double) as of_rater,
        (total * total - sample_squares - rater_squares + cell_squares)
        / cast(nullif(n_cells * n_cells - n_pairs_of_sample - n_pairs_of_rater + n_cells, 0) as double) as of_nothing
    from by_sample
    inner join by_rater using ({{ group }})
)

select
    {{ group }},
    n_samples,
    n_samples_regraded,
    n_grades,
    {{ settled("of_itself - of_nothing") }} as grade_variance,
    {{ settled("of_sample - of_nothing") }} as model_variance,
    case when of_nothing is not null then {{ settled("of_itself - of_sample") }} end as judge_variance,
    case when is_panel then {{ settled("of_rater - of_nothing") }} end as grader_variance
from products
