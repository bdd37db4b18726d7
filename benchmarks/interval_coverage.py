"""Do 95 % intervals hold the truth 95 times in 100? `python -m benchmarks.interval_coverage` builds and counts.

Items come from a population whose moments are known in closed form: each has class probabilities from a Dirichlet
distribution, and a few samples are drawn by them. A replication of the experiment is a pool (a condition in the
warehouse); the dbt project decomposes all of them, and its intervals are held against the truth.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse.layout import Layout
from warehouse.parquet import write_partition
from warehouse.schemas import SAMPLES
from warehouse.transform import prepare, run_dbt

RESULT = Path(__file__).with_name("results") / "interval_coverage.json"
ALPHA = np.array([1.2, 0.8, 0.5, 0.5])
"""Dirichlet parameters of the population; the first class is right."""


@dataclass(frozen=True)
class Coverage:
    """What a simulation found; incoherence is Brier's.

    Attributes:
        n_replications, n_items, n_samples: size of the simulation: pools, items of each, samples of each item.
        truth_plug_in: what the plug-in estimate of so many samples is aimed at.
        truth: what the corrected estimate is aimed at.
        coverage: share of the plug-in's intervals that hold its truth.
        coverage_corrected: share of the corrected estimate's intervals that hold its truth.
        mean_plug_in, mean_corrected: means of the estimates.
    """

    n_replications: int
    n_items: int
    n_samples: int
    truth_plug_in: float
    truth: float
    coverage: float
    coverage_corrected: float
    mean_plug_in: float
    mean_corrected: float


def true_incoherence(n_samples: int | None = None) -> float:
    """Brier Σ variance / Σ error of the population; with `n_samples`, what the plug-in estimate of so many is aimed at.

    For one-hot samples E variance = 1 − E Σ p² and E error = 2 (1 − E p_y), with the Dirichlet's moments.
    """
    total = ALPHA.sum()
    variance = 1 - np.sum(ALPHA * (ALPHA + 1)) / (total * (total + 1))
    error = 2 * (1 - ALPHA[0] / total)
    shrinkage = 1.0 if n_samples is None else (n_samples - 1) / n_samples
    return float(shrinkage * variance / error)


def draw_choices(rng: np.random.Generator, shape: tuple[int, int, int]) -> NDArray[np.int64]:
    """(replications, items, samples) chosen classes."""
    cumulated = np.cumsum(rng.dirichlet(ALPHA, size=shape[:2]), axis=-1)
    return (rng.random(shape)[..., None] > cumulated[:, :, None, :]).sum(axis=-1).clip(max=len(ALPHA) - 1)


def simulate(n_replications: int, n_items: int = 100, n_samples: int = 4, seed: int = 0) -> Coverage:
    """Write the samples, build, count how many intervals hold the truth."""
    choices = draw_choices(np.random.default_rng(seed), (n_replications, n_items, n_samples))
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder).resolve())
        _write(layout, choices)
        prepare(layout)
        run_dbt(layout, ["build", "--select", "+fct_incoherence", "--exclude-resource-type", "test", "unit_test"])
        with duckdb.connect(str(layout.build_database), read_only=True) as con:
            found = con.execute(
                "select avg(cast(? between incoherence_ci_low and incoherence_ci_high as double)), "
                "avg(cast(? between incoherence_unbiased_ci_low and incoherence_unbiased_ci_high as double)), "
                "avg(incoherence), avg(incoherence_unbiased) from marts.fct_incoherence where decomposition = 'brier'",
                [true_incoherence(n_samples), true_incoherence()],
            ).fetchone()
    assert found is not None
    return Coverage(
        n_replications, n_items, n_samples, true_incoherence(n_samples), true_incoherence(), *(float(x) for x in found)
    )


def _write(layout: Layout, choices: NDArray[np.int64]) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    replication, item, sample = (axis.ravel() for axis in np.indices(choices.shape))
    n_rows = choices.size
    values = {
        "sample_id": pa.array([f"{index:032d}" for index in range(n_rows)]),
        "condition_id": pa.array(np.char.add("r", replication.astype(str))),
        "item_id": pa.array(np.char.add("i", item.astype(str))),
        "epoch": pa.array(sample + 1, pa.int32()),
        "choice_index": pa.array(choices.ravel(), pa.int32()),
    }
    constants = {
        "task": "dice",
        "model_id": "dice",
        "answer_key_id": "key",
        "context_id": "none",
        "source": "table",
        "run_status": "success",
        "status": "ok",
        "ingested_at": now,
    }
    columns = []
    for field in SAMPLES.schema:
        if field.name in values:
            columns.append(values[field.name].cast(field.type))
        else:
            columns.append(pa.array([constants.get(field.name)] * n_rows, field.type))
    table = pa.Table.from_arrays(columns, schema=SAMPLES.schema)
    partition = {"task": "dice", "model_id": "dice", "condition_id": "all"}
    write_partition(layout, "samples", table, file_stem="dice", partition=partition)
    items = [
        {
            "task": "dice",
            "item_id": f"i{number}",
            "answer_key_id": "key",
            "target_index": 0,
            "n_choices": len(ALPHA),
            "source": "table",
            "ingested_at": now,
        }
        for number in range(choices.shape[1])
    ]
    write_partition(layout, "items", items, file_stem="dice", partition={"task": "dice"})


def main() -> int:
    """Run 2,000 replications, print and record them; exit status 1 if a coverage is not between 93 % and 97 %."""
    found = simulate(2_000)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(asdict(found), indent=2) + "\n", encoding="utf-8")
    print(json.dumps(asdict(found), indent=2))
    return int(not all(0.93 <= share <= 0.97 for share in (found.coverage, found.coverage_corrected)))


if __name__ == "__main__":
    sys.exit(main())
