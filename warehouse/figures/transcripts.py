"""Transcripts (paper Fig. 19): the items of highest variance, and what was answered."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import polars as pl
from matplotlib.figure import Figure as MplFigure
from matplotlib.patches import Patch

from warehouse.figures.base import ROW_ORDER, Figure, Tables, by_row, color_scale, colors, legend_label, with_series
from warehouse.figures.few import TALLEST_IN, few, give_title

MAIN = "fig_transcripts"


@dataclass(frozen=True)
class Answers:
    """A row per item and answer, with `label` and, from the left of the item's bar, `start`.

    Attributes:
        shown: these rows.
        carried: what the page says of an answer beside what is drawn.
    """

    shown: pl.DataFrame
    carried: tuple[str, ...] = ("item_id", "example_log", "example_item_id", "example_epoch", "example_sample_id")

    def draw(self) -> MplFigure:
        """One bar per item, cut by the share of each answer; the right answer is outlined."""
        answers, fewer = few(self.shown, "row", int((TALLEST_IN - 1.4) / 0.24), "items")
        rows = answers["row"].unique(maintain_order=True).to_list()
        palette = colors(sorted(answers["label"].unique()))
        picture = MplFigure(figsize=(6.4 + 0.06 * max(map(len, rows)), 1.4 + 0.24 * len(rows)), layout="constrained")
        axis = picture.subplots()
        for label, color in palette.items():
            here = answers.filter(pl.col("label") == label)
            right = here["is_correct"].fill_null(False).to_list()
            axis.barh(
                [-rows.index(row) for row in here["row"]],
                here["share"],
                left=here["start"],
                height=0.72,
                color=color,
                alpha=0.85,
                label=legend_label(label),
                edgecolor=["#212529" if one else "white" for one in right],
                linewidth=[1.6 if one else 0.5 for one in right],
            )
        axis.set(
            xlabel="share of samples", yticks=[-index for index in range(len(rows))], yticklabels=rows, xlim=(0, 1)
        )
        axis.set_ylim(-len(rows) + 0.4, 0.6)
        axis.tick_params(axis="y", labelsize=7.5)
        handles = [Patch(color=color, alpha=0.85, label=legend_label(label)) for label, color in palette.items()]
        picture.legend(handles=handles, loc="outside lower right", ncols=min(6, len(palette)))
        give_title(picture, "Answers to the items of highest variance, the right ones outlined", fewer)
        return picture

    def chart(self) -> alt.TopLevelMixin:
        """The same bars; question and an example on hover."""
        answers = by_row(self.shown).with_columns(end=pl.col("start") + pl.col("share"))
        scale = color_scale(colors(sorted(answers["label"].unique())))
        bars: alt.TopLevelMixin = (
            alt.Chart(answers)
            .mark_bar(opacity=0.85)
            .encode(
                y=alt.Y("row:N", sort=ROW_ORDER, title=None, axis=alt.Axis(labelLimit=420)),
                x=alt.X("start:Q", title="share of samples"),
                x2="end:Q",
                color=alt.Color("label:N", scale=scale, title=None, legend=alt.Legend(orient="bottom")),
                stroke=alt.condition("datum.is_correct", alt.value("#212529"), alt.value("white")),
                tooltip=[
                    alt.Tooltip("question:N"),
                    alt.Tooltip("target_text:N", title="right answer"),
                    alt.Tooltip("answer:N"),
                    alt.Tooltip("n_samples:Q"),
                    alt.Tooltip("share:Q", format=".0%"),
                    alt.Tooltip("variance:Q", format=".4g"),
                    alt.Tooltip("example:N"),
                ],
            )
            .properties(width=480, height=alt.Step(18))
        )
        return bars


def _answers(tables: Tables) -> Answers:
    """`label` is the letter of an option; answers in words differ from item to item, so it is their rank."""
    table = with_series(tables[MAIN])
    rank = pl.lit("answer in words, no. ") + pl.col("answer_rank").cast(pl.String).str.zfill(2)
    answers = table.with_columns(
        row=pl.col("task") + ": " + pl.col("series") + ", " + pl.col("item_id"),
        label=pl.when(pl.col("decomposition").is_in(["kl", "brier"])).then(pl.col("answer")).otherwise(rank),
        start=(pl.col("share").cum_sum() - pl.col("share")).over(
            "task", "model_id", "condition_id", "variance_rank", order_by="answer_rank"
        ),
    ).sort("task", "param_count", "model_id", "condition_id", "variance_rank", "start", nulls_last=True)
    return Answers(answers)


FIGURE = Figure(
    name="transcripts",
    title="Transcripts",
    shows="The items of highest variance of each model, with the share of each answer; a right one is outlined. "
    "Answers in words have the colour of their rank, the most frequent first; the text is on hover.",
    look_for="Answers split over several options: there the model does not hold one wrong belief, it holds none.",
    tables=(MAIN,),
    needs="Import logs with several epochs per item: incoherence import LOG.eval",
    picture=_answers,
)
