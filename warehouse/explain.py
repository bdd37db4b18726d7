"""Why a model's incoherence is what it is: its pools, the items that carry them, and their answers.

Reads the published file alone, but for the names of logs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from warehouse.figures.failure_modes import MODES
from warehouse.layout import Layout
from warehouse.raw import connect_raw
from warehouse.report import words
from warehouse.table_text import table_text

if TYPE_CHECKING:
    import duckdb

POOLS = """
    select pools.*, condition_label
    from marts.fct_incoherence as pools join marts.dim_condition using (condition_id)
    where model_id = $model and is_main_decomposition and task = coalesce($task, task)
    order by task, condition_id
"""

OF_POOL = "task = $task and model_id = $model and condition_id = $condition"

ITEMS = f"""
    select
        item_id, failure_mode, n_samples, coalesce(accuracy, mean_score) as accuracy, bias_sq, variance,
        (bias_sq + variance) / nullif(sum(bias_sq + variance) over (), 0) as share_of_error,
        variance / nullif(sum(variance) over (), 0) as share_of_variance,
        (sum(variance) over () - variance)
            / nullif(sum(bias_sq + variance) over () - bias_sq - variance, 0) as incoherence_without
    from marts.incoherence
    left join marts.fct_item_failure_modes using (task, model_id, condition_id, item_id, n_samples)
    where {OF_POOL}
    order by bias_sq + variance desc nulls last, item_id
"""

SAMPLES = f"""
    select
        item_id, epoch, coalesce(choice_index, predicted_index) as choice_index, is_correct, score, is_format_failure,
        status, finish_reason, output_tokens, reasoning_tokens, sample_id, import_id
    from marts.fct_sample
    where {OF_POOL} and item_id = coalesce($item, item_id)
    order by item_id, epoch, sample_id
"""

FINDINGS = """
    select verdict, sentence from figures.findings
    where model_id = $model and task = $task and coalesce(condition_id, $condition) = $condition
    order by all
"""


class UnknownNameError(ValueError):
    """There is nothing of this name in the published file; the message says what there is."""


@dataclass(frozen=True)
class ExplainedPool:
    """One pool by its main decomposition.

    Attributes:
        row: its row of `marts.fct_incoherence`, with `condition_label`.
        findings: verdicts and sentences of `figures.findings` on it.
        items: a row per item, the one with most error first: parts of its error, corrected for the number of samples
            (they may be negative), its shares of the pool's error and variance, what the pool's incoherence would be
            without it, and its answers with their counts, the right one with a star.
        samples: a row per sample of the item that was asked for: its answer, tokens, and the log that it came from;
            None if no item was asked for.
    """

    row: dict[str, Any]
    findings: list[dict[str, Any]]
    items: pl.DataFrame
    samples: pl.DataFrame | None


def explain(
    layout: Layout,
    con: duckdb.DuckDBPyConnection,
    model: str,
    *,
    task: str | None = None,
    condition: str | None = None,
    item: str | None = None,
) -> list[ExplainedPool]:
    """The pools of a model.

    Args:
        layout: the warehouse, whose imports name the logs of samples.
        con: the published file.
        model: its id, or a part of one that no other model has.
        task: only this one.
        condition: only this one, by its id or label.
        item: only this one, with its samples.

    Raises:
        UnknownNameError: if there is no such model, task, condition or item.
    """
    model = _one_of("model", model, _column(con, "select distinct model_id from marts.fct_incoherence order by all"))
    rows = con.sql(POOLS, params={"model": model, "task": task}).pl().to_dicts()
    if not rows:
        tasks = _column(con, "select distinct task from marts.fct_incoherence where model_id = ? order by all", model)
        raise UnknownNameError(f"{model} has no task {task}; it has {', '.join(tasks)}")
    if condition is not None:
        labels = {row["condition_id"]: row["condition_label"] or "" for row in rows}
        rows = [row for row in rows if condition in (row["condition_id"], row["condition_label"])]
        if not rows:
            there = "; ".join(f"{name} ({label})" for name, label in labels.items())
            raise UnknownNameError(f"{model} has no condition {condition}; it has {there}")
    explained = [_explained(layout, con, row, item) for row in rows]
    if item is not None and not (explained := [pool for pool in explained if not pool.items.is_empty()]):
        raise UnknownNameError(f'{model} has no item {item}; see: incoherence query "from marts.dim_item"')
    return explained


def _explained(layout: Layout, con: duckdb.DuckDBPyConnection, row: dict[str, Any], item: str | None) -> ExplainedPool:
    keys = {"task": row["task"], "model": row["model_id"], "condition": row["condition_id"]}
    samples = con.sql(SAMPLES, params=keys | {"item": item}).pl()
    targets = con.sql("select item_id, target_index from marts.dim_item where task = ?", params=[row["task"]]).pl()
    told = samples.join(targets, on="item_id", how="left", maintain_order="left").with_columns(answer=_answer())
    items = con.sql(ITEMS, params=keys).pl().join(_answers(told), on="item_id", how="left", maintain_order="left")
    if item is not None:
        items = items.filter(pl.col("item_id") == item)
    return ExplainedPool(
        row=row,
        findings=con.sql(FINDINGS, params=keys).pl().to_dicts(),
        items=items,
        samples=None if item is None else _with_logs(layout, told),
    )


def _answer() -> pl.Expr:
    """A sample's answer in a word: the option's letter, or how it was judged."""
    letters = pl.col("choice_index").map_elements(_letter, return_dtype=pl.String)
    return (
        pl.when(pl.col("status") != "ok")
        .then(pl.col("status").str.replace_all("_", " "))
        .when("is_format_failure")
        .then(pl.lit("unreadable"))
        .when(pl.col("choice_index").is_not_null())
        .then(
            letters + pl.when(pl.col("choice_index") == pl.col("target_index")).then(pl.lit("*")).otherwise(pl.lit(""))
        )
        .when(pl.col("is_correct"))
        .then(pl.lit("right*"))
        .when(~pl.col("is_correct"))
        .then(pl.lit("wrong"))
        .when(pl.col("score").is_not_null())
        .then(pl.lit("score ") + pl.col("score").round(3).cast(pl.String))
        .otherwise(pl.lit("not judged"))
    )


def _letter(index: int) -> str:
    return chr(ord("A") + index) if 0 <= index < 26 else f"option {index + 1}"


def _answers(samples: pl.DataFrame) -> pl.DataFrame:
    """Of each item, its answers, the commonest first: `B* 13, A 9`."""
    counted = samples.group_by("item_id", "answer").len().sort("len", "answer", descending=[True, False])
    return counted.group_by("item_id").agg(
        answers=(pl.col("answer") + " " + pl.col("len").cast(pl.String)).str.join(", ")
    )


def _with_logs(layout: Layout, samples: pl.DataFrame) -> pl.DataFrame:
    with connect_raw(layout) as con:
        logs = con.sql("select distinct import_id, file_name as log from raw.imports").pl()
    return samples.join(logs, on="import_id", how="left", maintain_order="left").select(
        *("epoch", "answer", "score", "output_tokens", "reasoning_tokens", "finish_reason", "sample_id", "log")
    )


def _one_of(what: str, name: str, there: list[str]) -> str:
    alike = [known for known in there if name in known]
    if name in there or len(alike) == 1:
        return name if name in there else alike[0]
    known = ", ".join(alike or there) or "none so far"
    raise UnknownNameError(f"{'several' if alike else 'no'} {what}s are called {name}; there are {known}")


def _column(con: duckdb.DuckDBPyConnection, sql: str, *values: str) -> list[str]:
    return [name for (name,) in con.execute(sql, list(values)).fetchall()]


def told(pools: list[ExplainedPool], n_items: int, width: int) -> str:
    """What `explain` found, for people.

    Args:
        pools: see `explain`.
        n_items: items of a pool to show.
        width: characters of a line.
    """
    return "\n\n\n".join("\n".join(_told(pool, n_items, width)) for pool in pools)


def _told(pool: ExplainedPool, n_items: int, width: int) -> Iterator[str]:
    row = pool.row
    yield " · ".join(filter(None, (row["model_id"], row["task"], row["condition_label"])))
    ends = words.interval(row["incoherence_unbiased_ci_low"], row["incoherence_unbiased_ci_high"])
    reason = f"[{ends}]" if ends else f"(no interval: {words.note(row['interval_note']) or 'too few items'})"
    bias_sq, variance = row["bias_sq_unbiased"], row["variance_unbiased"]
    error = None if bias_sq is None or variance is None else bias_sq + variance
    yield (
        f"  incoherence {words.number(row['incoherence_unbiased'])} {reason} = variance {words.number(variance)} / "
        f"error {words.number(error)}, by {words.decomposition(row['decomposition'])}; the rest, "
        f"{words.number(bias_sq)}, is bias²"
    )
    yield (
        f"  {words.counted(row['n_items'], 'item')}, {words.counted(row['n_samples'], 'sample')}, "
        f"accuracy {words.number(row['accuracy'])}, {words.counted(row['n_format_failures'], 'format failure')}, "
        f"{row['n_cut_off']:,} cut off, {words.counted(row['n_errors'], 'error')}"
    )
    yield from (f"  {words.verdict(finding['verdict'])}: {finding['sentence']}" for finding in pool.findings)
    if pool.samples is None:
        yield from _concentration(pool.items)
    yield ""
    yield table_text(_shown(pool.items.head(n_items)), width)
    if pool.samples is not None:
        told = [column for column in pool.samples.columns if pool.samples[column].null_count() < len(pool.samples)]
        yield ""
        yield table_text(pool.samples.select(told), width)


def _concentration(items: pl.DataFrame) -> Iterator[str]:
    """How few items carry half of the error."""
    shares = items["share_of_error"].drop_nulls().sort(descending=True)
    if len(shares):
        half = int((shares.cum_sum() < 0.5).sum()) + 1
        yield f"  {half} of {words.counted(len(items), 'item')} carry half of the error"


def _shown(items: pl.DataFrame) -> pl.DataFrame:
    return items.with_columns(
        pl.col("failure_mode").replace(MODES),
        pl.selectors.float().round(3),
    ).select(
        "item_id",
        "share_of_error",
        "share_of_variance",
        "bias_sq",
        "variance",
        "incoherence_without",
        "failure_mode",
        "answers",
    )
