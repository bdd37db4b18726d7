"""Do intervals of the judges' share of the variance, and of what it is made of, hold the truth?

`python -m benchmarks.judges` counts. Samples of items are graded by several judges, or by one again, whose mistakes,
leniency and noise are known; some grades are missing. Grades go through the warehouse's own SQL, each experiment as a
condition of its own. The truth is in closed form, for these judges: further items and samples are drawn, not further
judges. Exit status 1 if an interval misses its bounds.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.failure_coverage import (
    BOUND,
    Cell,
    Estimate,
    cell_of,
    create_models,
    few,
    nearby,
    record_coverage,
)
from benchmarks.populations import Array
from benchmarks.shared_errors import faults

RESULT = Path(__file__).with_name("results") / "judges.json"
SIZES = ((30, 5), (50, 10), (200, 5))
"""Items × samples of each."""

N_EXPERIMENTS, BATCH = 4_000, 400_000
MODELS = (
    "int_grades",
    "int_grade_cells",
    "int_item_grades",
    "int_item_grader_agreement",
    "int_item_grader_bias",
    "int_judge_noise",
    "fig_judge_noise",
)
"""In the order in which they read each other."""

EASE = (0.6, 0.4)
"""Of the beta distribution of an item's share of right samples."""


@dataclass(frozen=True)
class Verdicts:
    """Judges that say right or wrong, each with its own mistakes.

    Attributes:
        false_right, false_wrong: per judge, how often it takes a wrong sample for right, and a right one for wrong.
        varies: whether the samples of an item differ; else all of them are right, or all are wrong.
    """

    false_right: tuple[float, ...]
    false_wrong: tuple[float, ...]
    n_repeats: int = 1
    missing: float = 0.0
    varies: bool = True

    def draw(self, shape: tuple[int, int, int], rng: np.random.Generator) -> Array:
        """(experiments, items, samples, judges, repeats) grades."""
        share = rng.beta(*EASE, size=shape[:2])[..., None]
        is_right = rng.random(shape) < share if self.varies else np.broadcast_to(rng.random(share.shape) < share, shape)
        chance = np.where(is_right[..., None], 1 - np.array(self.false_wrong), np.array(self.false_right))
        return (rng.random((*chance.shape, self.n_repeats)) < chance[..., None]).astype(float)

    def truth(self) -> dict[str, float]:
        """By the closed forms; pairs of one judge's repeats, or of two judges."""
        a, b = EASE
        mean = a / (a + b)
        mixed = a * b / (a + b) / (a + b + 1) if self.varies else 0.0
        mean_sq = mean - mixed
        wrong, right = np.array(self.false_right), 1 - np.array(self.false_wrong)
        pairs = list(combinations(range(len(wrong)), 2)) or [(0, 0)]
        unlike = [
            mean * (right[g] * (1 - right[h]) + right[h] * (1 - right[g]))
            + (1 - mean) * (wrong[g] * (1 - wrong[h]) + wrong[h] * (1 - wrong[g]))
            for g, h in pairs
        ]
        gain = right - wrong
        apart = [
            (wrong[g] - wrong[h]) ** 2
            + 2 * (wrong[g] - wrong[h]) * (gain[g] - gain[h]) * mean
            + (gain[g] - gain[h]) ** 2 * mean_sq
            for g, h in pairs
        ]
        means = wrong + gain * mean
        return {
            "judge_variance": float(np.mean(unlike)) / 2,
            "model_variance": float(np.mean([gain[g] * gain[h] for g, h in pairs])) * mixed,
            "grader_variance": float(np.mean(apart)) / 2 if len(means) > 1 else np.nan,
            "grader_agreement": 1 - float(np.mean(unlike)),
            "grader_bias": float(means[0] - means[1:].mean()) if len(means) > 1 else np.nan,
        }


@dataclass(frozen=True)
class Marks:
    """Judges that give a number: the sample's worth, the judge's leniency, its taste for the sample, and noise.

    Attributes:
        leniency: per judge.
        worth, taste, noise: standard deviations; an item's own worth varies around that.
        uneven: by how much, as a standard deviation of its logarithm.
    """

    leniency: tuple[float, ...]
    worth: float
    taste: float
    noise: float
    n_repeats: int = 1
    missing: float = 0.0
    uneven: float = 0.25

    def draw(self, shape: tuple[int, int, int], rng: np.random.Generator) -> Array:
        """(experiments, items, samples, judges, repeats) grades."""
        spread = self.worth * np.exp(rng.normal(0, self.uneven, size=shape[:2]))[..., None, None]
        views = rng.normal(0.5, 0.2, size=shape[:2])[..., None, None] + spread * rng.normal(size=(*shape, 1))
        views = views + np.array(self.leniency) + self.taste * rng.normal(size=(*shape, len(self.leniency)))
        return np.asarray(views[..., None] + self.noise * rng.normal(size=(*views.shape, self.n_repeats)))

    def truth(self) -> dict[str, float]:
        """By the model of two-way effects; what one judge sees in a sample again and again is the sample's, to it."""
        apart = [(one - other) ** 2 / 2 for one, other in combinations(self.leniency, 2)]
        worth = float(self.worth**2 * np.exp(2 * self.uneven**2))
        if not apart:
            return {"judge_variance": self.noise**2, "model_variance": worth + self.taste**2}
        systematic = float(np.mean(apart))
        return {
            "judge_variance": systematic + self.taste**2 + self.noise**2,
            "model_variance": worth,
            "grader_variance": systematic,
            "grader_bias": float(self.leniency[0] - np.mean(self.leniency[1:])),
        }


POPULATIONS: dict[str, Verdicts | Marks] = {
    "three judges": Verdicts((0.05, 0.15, 0.10), (0.10, 0.05, 0.20)),
    "three judges, grades missing": Verdicts((0.05, 0.15, 0.10), (0.10, 0.05, 0.20), missing=0.3),
    "one judge, three times": Verdicts((0.15,), (0.10,), n_repeats=3, missing=0.2),
    "judges that hardly err": Verdicts((0.02, 0.02), (0.02, 0.02)),
    "a model that never varies": Verdicts((0.05, 0.15, 0.10), (0.10, 0.05, 0.20), varies=False),
    "marks of three judges": Marks((-0.1, 0.0, 0.1), worth=0.1, taste=0.05, noise=0.05, missing=0.2),
    "marks of one judge, twice": Marks((0.0,), worth=0.1, taste=0.05, noise=0.08, n_repeats=2),
    "few items hold the variance": Marks((0.0,), worth=0.1, taste=0.05, noise=0.08, n_repeats=2, uneven=0.5),
}

SETUP = """
    attach ':memory:' as warehouse;
    create schema warehouse.staging;
    create schema warehouse.intermediate;
    create schema warehouse.marts;
    create schema warehouse.figures;
    create table warehouse.staging.stg_grades as select sample_id, grader, grade_repeat, grade from given;
    create table warehouse.staging.stg_samples as
        select distinct sample_id, 't' as task, 'm' as model_id, condition_id, item_id, 'ok' as status from given;
    create table warehouse.intermediate.int_item_clusters as
        select distinct 't' as task, item_id, item_id as cluster_id from given;
    create table warehouse.marts.dim_model as
        select 'm' as model_id, '' as model_family, 1 as param_count, true as is_simulated;
    create table warehouse.marts.dim_condition as
        select distinct condition_id, '' as condition_label, '' as prompt_format, '' as reasoning_budget from given
"""

SPLIT = ("judge_share", "judge_variance", "model_variance", "grader_variance", "grader_agreement")


def given_of(population: Verdicts | Marks, shape: tuple[int, int, int], rng: np.random.Generator) -> pa.Table:
    """A row per grade, each experiment a condition."""
    grades = population.draw(shape, rng)
    there = rng.random(grades.shape) >= population.missing
    experiments, items, samples, judges, repeats = np.nonzero(there)
    ids = (experiments * shape[1] + items) * shape[2] + samples
    return pa.table(
        {
            "condition_id": experiments.astype(str),
            "item_id": items.astype(str),
            "sample_id": ids,
            "grader": judges.astype(str),
            "grade_repeat": repeats + 1,
            "grade": grades[there],
        }
    )


def estimates(queries: Mapping[str, str], given: pa.Table) -> Iterator[Estimate]:
    """What is estimated, the estimate and the ends of its interval, of every experiment."""
    several = len(given["grader"].unique()) > 1
    with duckdb.connect() as con:
        con.register("given", given)
        con.execute(SETUP)
        create_models(con, queries, MODELS)
        for names, where in ((SPLIT, f"is_panel = {several}"), (("grader_bias",), "not is_panel and grader = '0'")):
            for name in names:
                ends = f"{name}, {name}_ci_low, {name}_ci_high"
                rows = con.execute(f"select {ends} from warehouse.figures.fig_judge_noise where {where}").fetchall()
                yield from ((name, *row) for row in rows)


def simulate(
    queries: Mapping[str, str], name: str, size: tuple[int, int], n_experiments: int, seed: int
) -> dict[str, Cell]:
    """Intervals of many experiments, by what is estimated."""
    population = POPULATIONS[name]
    truth = population.truth()
    truth["judge_share"] = truth["judge_variance"] / (truth["judge_variance"] + truth["model_variance"])
    rng = np.random.default_rng([seed, *size, list(POPULATIONS).index(name)])
    found: dict[str, list[Estimate]] = {}
    at_once = max(1, min(n_experiments, BATCH // (3 * size[0] * size[1])))
    for first in range(0, n_experiments, at_once):
        given = given_of(population, (min(at_once, n_experiments - first), *size), rng)
        for row in estimates(queries, given):
            found.setdefault(row[0], []).append(row)
    cells = {}
    for what, rows in found.items():
        if np.isnan(truth.get(what, np.nan)):
            continue
        cell = cell_of(truth[what], [(low, high) for _, _, low, high in rows])
        cells[what] = replace(
            cell,
            nearby=nearby(rows) if _is_count(what, truth) else None,
            outside=_outside(what, truth, size[0]),
        )
    return cells


def _outside(what: str, truth: Mapping[str, float], n_items: int) -> str:
    """Why an interval may hold the truth in more than 97 of 100."""
    if (truth[what] == 0 and what.endswith("variance")) or truth[what] == 1:
        return BOUND
    is_told_by_few = _is_count(what, truth) or (what == "grader_bias" and "grader_agreement" in truth)
    return few(truth["grader_agreement"], n_items) if is_told_by_few else ""


def _is_count(what: str, truth: Mapping[str, float]) -> bool:
    """Of verdicts, what judges vary by is half the share of pairs that differ."""
    return what in ("grader_agreement", "judge_variance") and "grader_agreement" in truth


def main() -> int:
    """Simulate every population and size."""
    return record_coverage(
        RESULT,
        MODELS,
        itertools.product(POPULATIONS, SIZES),
        lambda queries, name, size: simulate(queries, name, size, N_EXPERIMENTS, seed=1),
        faults,
    )


if __name__ == "__main__":
    sys.exit(main())
