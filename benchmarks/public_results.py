"""Writes `dbt/seeds/public_results.csv`: what this product computes from the public repeated runs.

incoherence public get NAME      # each of `incoherence public list`, into an empty warehouse
incoherence build && incoherence publish
python -m benchmarks.public_results
"""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from ingestion.public_runs import catalogue
from warehouse.connect import connect
from warehouse.layout import DBT_PROJECT_DIR

TASKS = {"gpqa_hints": "hot-mess-hints", "mmlu_hints": "hot-mess-hints", "tau_bench_airline": "tau-bench-airline"}
"""Tasks of the sets; all others are of `OTHERS`."""

OTHERS = "llm-stability"

SHOWN = ("hint: none", "hint: grader")
"""Conditions that the picture shows, where a task has several."""

POOLS = """
    select
        task, model_id, condition_label, decomposition, n_items, pools.n_samples,
        coalesce(accuracy, mean_score) as accuracy, error, bias_sq_unbiased, variance_unbiased, incoherence,
        incoherence_unbiased, incoherence_unbiased_ci_low,
        incoherence_unbiased_ci_high, interval_note
    from marts.fct_incoherence as pools join marts.dim_condition using (condition_id)
    where is_main_decomposition
    order by task, model_id, condition_label
"""


def main() -> None:
    """Write the seed from the published warehouse."""
    known = catalogue()
    with connect() as con:
        pools = con.sql(POOLS).pl()
    several = pl.col("condition_label").n_unique().over("task") > 1
    rows = pools.with_columns(
        source=pl.col("task").replace_strict(TASKS, default=OTHERS),
        condition_label=pl.when(several).then("condition_label"),
        computed_on=pl.lit(datetime.now(UTC).date()),
    ).with_columns(
        licence=pl.col("source").replace_strict({name: runs.licence for name, runs in known.items()}),
        page=pl.col("source").replace_strict({name: runs.page for name, runs in known.items()}),
        is_shown=pl.col("condition_label").is_in(SHOWN) | pl.col("condition_label").is_null(),
    )
    first = ["source", "task", "model_id", "condition_label", "decomposition", "is_shown"]
    path = DBT_PROJECT_DIR / "seeds" / "public_results.csv"
    rows.select(*first, pl.exclude(first)).write_csv(path)
    print(f"{path}: {rows.height} pools of {', '.join(sorted(set(rows['source'])))}")


if __name__ == "__main__":
    main()
