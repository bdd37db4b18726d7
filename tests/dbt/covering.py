"""The random rows of all kinds that the tests of the SQL, and benchmarks of builds, are made on."""

from __future__ import annotations

from dataclasses import replace

from tests.dbt.random_raw import RawRows, random_eval_rows, random_synthetic_rows
from tests.dbt.random_study import (
    budget_rows,
    independent_rows,
    random_study_rows,
    trial_rows,
    under_judges,
    under_versions,
)
from warehouse.layout import Layout

ALIASED, ALIAS = "Qwen/Qwen3-8B", "vllm/Qwen/Qwen3-8B"


def covering_rows() -> tuple[RawRows, list[RawRows]]:
    """Samples of every kind, and synthetic rollouts of two problems: together every model of dbt has rows."""
    evals = random_eval_rows(7) + random_study_rows(10) + independent_rows(11) + budget_rows(12) + trial_rows(13)
    return under_judges(under_versions(evals), 14), [random_synthetic_rows(8), random_synthetic_rows(9, dimension=2)]


def under_two_names(rows: RawRows) -> RawRows:
    """The same rows, with every other epoch of a model under its alias: oracles do not know of that."""
    return replace(
        rows,
        samples=[
            sample | {"model_id": ALIAS} if sample["model_id"] == ALIASED and sample["epoch"] % 2 else sample
            for sample in rows.samples
        ],
    )


def write_covering(layout: Layout, evals: RawRows, synthetic: list[RawRows]) -> None:
    """Write the rows as the raw tables of a warehouse."""
    for rows in (under_two_names(evals), *synthetic):
        rows.write(layout)
