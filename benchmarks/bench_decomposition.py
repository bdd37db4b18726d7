"""The item decomposition of 12 million samples beside the same in hand-written polars and a NumPy loop.

Ours are the dbt models themselves, from one Parquet file to tables in a database file: KL and Brier, with their
corrections where the peer corrects, too. Ours take any number of classes, format failures and stated probabilities
beside letters; the peers take letters alone and leave their result in memory. The loop is the tests' oracle, timed on
some of the items.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from benchmarks.decomposition_data import N_CLASSES, N_EPOCHS, compiled_models, decompose, write_samples
from benchmarks.harness import Comparison, compare, seconds
from tests.oracles.decompositions import brier, brier_unbiased, kl, kl_unbiased

N_ITEMS = 400_000
N_LOOPED = 1_000
DELTA = 1e-12
PARTS = ["error", "bias_sq", "variance"]
ITEM = ["task", "model_id", "condition_id", "item_id"]
WHAT = f"KL + Brier of {N_ITEMS:,} items × {N_EPOCHS}, {N_CLASSES} classes"


def run() -> Iterable[Comparison]:
    with tempfile.TemporaryDirectory() as folder:
        samples, database = Path(folder, "samples.parquet"), Path(folder, "warehouse.duckdb")
        write_samples(samples, N_ITEMS)
        models = compiled_models()

        ours = partial(decompose, samples, models, database)
        uncorrected = partial(ours, corrected=False)

        # Both use all cores, so that processor time compares them on a machine that has other work, too.
        side_by_side = partial(compare, WHAT, clock=time.process_time)
        in_polars = side_by_side("polars, general, both corrected", ours, lambda: polars_by_hand(samples), wanted=2)
        hold_against_polars(database, polars_by_hand(samples), [*PARTS, "variance_unbiased"])
        yield in_polars
        wired_in = side_by_side("polars, wired in, both uncorrected", uncorrected, lambda: polars_wired_in(samples))
        hold_against_polars(database, polars_wired_in(samples), PARTS)
        yield wired_in
        # The loop is one core's work.
        loop, ours_s = timed_loop(samples), seconds(ours, time.perf_counter)
        yield Comparison(WHAT, f"NumPy, item by item (× {N_ITEMS // N_LOOPED})", ours_s, loop, loop / ours_s, 100)


def polars_by_hand(samples: Path) -> pl.DataFrame:
    """Equal answers of an item become one row with a count, then one row per class; any number of classes would do."""
    answers = (
        pl.scan_parquet(samples)
        .group_by(*ITEM, "n_classes", "target_index", "choice_index")
        .agg(n=pl.len())
        .collect()
        .with_row_index("answer")
        .lazy()
        .with_columns(class_index=pl.int_ranges("n_classes"))
        .explode("class_index")
        .with_columns(prob=(pl.col("choice_index") == pl.col("class_index")).cast(pl.Float64))
        .with_columns(
            log_prob=((pl.col("prob") + DELTA) / (1 + pl.col("n_classes") * DELTA)).log(),
            miss=pl.col("prob") - (pl.col("class_index") == pl.col("target_index")),
        )
    )
    n = pl.col("n")
    moments = (
        answers.group_by(*ITEM, "class_index", "target_index")
        .agg(
            n_samples=n.sum(),
            mean_log=(n * pl.col("log_prob")).sum() / n.sum(),
            mean_miss=(n * pl.col("miss")).sum() / n.sum(),
            mean_sq_miss=(n * pl.col("miss") ** 2).sum() / n.sum(),
        )
        .collect()
        .lazy()
    )
    split = moments.group_by(ITEM).agg(
        pl.col("n_samples").first(),
        kl_error=-pl.col("mean_log").filter(pl.col("class_index") == pl.col("target_index")).first(),
        kl_variance=-pl.col("mean_log").exp().sum().log(),
        brier_error=pl.col("mean_sq_miss").sum(),
        brier_bias_sq=(pl.col("mean_miss") ** 2).sum(),
    )
    d = (pl.col("mean_log") - pl.col("log_prob")) / (pl.col("n_samples") - 1)
    lost = (
        answers.join(moments.select(*ITEM, "class_index", "n_samples", "mean_log"), on=[*ITEM, "class_index"])
        .group_by(*ITEM, "answer")
        .agg(n.first(), lost=((pl.col("mean_log").exp() * d.exp()).sum() / pl.col("mean_log").exp().sum()).log())
        .group_by(ITEM)
        .agg(lost=(n * pl.col("lost")).sum() / n.sum())
    )
    more = pl.col("n_samples") - 1
    return (
        split.join(lost, on=ITEM)
        .with_columns(
            kl_bias_sq=pl.col("kl_error") - pl.col("kl_variance"),
            kl_variance_unbiased=pl.col("kl_variance") + more * pl.col("lost"),
            brier_variance=pl.col("brier_error") - pl.col("brier_bias_sq"),
        )
        .with_columns(brier_variance_unbiased=pl.col("brier_variance") * pl.col("n_samples") / more)
        .collect()
    )


def polars_wired_in(samples: Path) -> pl.DataFrame:
    """What four classes and picked letters alone allow: four counts per item, and closed forms of them."""
    n, classes = pl.col("n").cast(pl.Float64), range(N_CLASSES)
    right, wrong = (float(np.log((p + DELTA) / (1 + N_CLASSES * DELTA))) for p in (1, 0))
    counts = (
        pl.scan_parquet(samples)
        .group_by(ITEM)
        .agg(
            pl.col("target_index").first(),
            *((pl.col("choice_index") == c).sum().alias(f"n{c}") for c in classes),
            n=pl.len(),
        )
    )
    shares = [pl.col(f"n{c}") / n for c in classes]
    logs = [share * right + (1 - share) * wrong for share in shares]
    is_target = [pl.col("target_index") == c for c in classes]
    log_sum = pl.sum_horizontal(log.exp() for log in logs).log()
    target_log = pl.sum_horizontal(pl.when(t).then(log).otherwise(0.0) for t, log in zip(is_target, logs, strict=True))
    target_share = pl.sum_horizontal(pl.when(t).then(f).otherwise(0.0) for t, f in zip(is_target, shares, strict=True))
    square = pl.sum_horizontal(share**2 for share in shares)
    return counts.select(
        *ITEM,
        kl_error=-target_log,
        kl_bias_sq=log_sum - target_log,
        kl_variance=-log_sum,
        brier_error=2 - 2 * target_share,
        brier_bias_sq=1 - 2 * target_share + square,
        brier_variance=1 - square,
    ).collect()


def timed_loop(samples: Path) -> float:
    """Seconds that all items would take, from some of them spread over the file."""
    table = pl.read_parquet(samples, columns=["item_id", "choice_index", "target_index"], n_rows=N_LOOPED * N_EPOCHS)
    choices = table["choice_index"].to_numpy().reshape(N_LOOPED, N_EPOCHS)
    targets = table["target_index"].to_numpy()[::N_EPOCHS]
    one_hot = np.eye(N_CLASSES)
    rounds = []
    for _ in range(3):
        gc.collect()
        started = time.perf_counter()
        for item in range(N_LOOPED):
            probs, target = one_hot[choices[item]], int(targets[item])
            for decomposition in (kl, kl_unbiased, brier, brier_unbiased):
                decomposition(probs, target)
        rounds.append(time.perf_counter() - started)
    return statistics.median(rounds) * N_ITEMS / N_LOOPED


def hold_against_polars(database: Path, peer: pl.DataFrame, parts: list[str]) -> None:
    """Speed is worth nothing where the numbers differ."""
    with duckdb.connect(str(database), read_only=True) as con:
        for name in ("kl", "brier"):
            numbered = f"intermediate.int_item_{name} inner join intermediate.int_item_numbers using (item_number)"
            ours = con.sql(f"from {numbered} order by item_id").pl()
            for part in parts:
                theirs = peer.sort("item_id")[f"{name}_{part}"]
                if not np.allclose(ours[part].to_numpy(), theirs.to_numpy(), rtol=1e-9, atol=1e-9):
                    raise RuntimeError(f"{name} {part} differs from polars")
