"""Do 95 % intervals hold the truth 95 times in 100? `python -m benchmarks.interval_coverage` builds and counts.

Many small experiments are drawn from a population whose truth is known (`benchmarks/dice.py`); the dbt project
decomposes all of them, and its intervals are held against the truth.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.dice import draw_choices, true_incoherence, write_choices
from warehouse.layout import Layout
from warehouse.transform import prepare, run_dbt

RESULT = Path(__file__).with_name("results") / "interval_coverage.json"


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


def simulate(n_replications: int, n_items: int = 100, n_samples: int = 4, seed: int = 0) -> Coverage:
    """Write the samples, build, count how many intervals hold the truth."""
    choices = draw_choices(np.random.default_rng(seed), (n_replications, n_items, n_samples))
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder).resolve())
        write_choices(layout, choices)
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


def main() -> int:
    """Run 2,000 replications, print and record them; exit status 1 if a coverage is not between 93 % and 97 %."""
    found = simulate(2_000)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(asdict(found), indent=2) + "\n", encoding="utf-8")
    print(json.dumps(asdict(found), indent=2))
    return int(not all(0.93 <= share <= 0.97 for share in (found.coverage, found.coverage_corrected)))


if __name__ == "__main__":
    sys.exit(main())
