"""How many samples does it save to stop at an interval's width, and what does it cost in coverage?

`python -m benchmarks.adaptive_epochs` samples simulated pools (`benchmarks/populations.py`) epoch by epoch, stops them
by the rule of `ingestion.sampling.stopping`, and compares with flat designs, in which all pools get the same epochs:

- An experiment is several pools with the same number of items; wanted is an interval of a width in every one of them.
- The smallest flat design that reaches it on average has the fewest epochs E with which the mean width (over draws) of
  every pool is as wanted: E is what the pool that needs most needs. Nobody knows that number beforehand.
- `share` is the samples of the adaptive design, all pools together, over those of that flat one. For one pool alone
  there is nothing to move, and the share says what is lost by not knowing.

Widths are chosen so that the flat design needs 8, 12, 20 or 30 epochs. With `--replay ROOT` the pools are those of a
warehouse with repeated runs (`benchmarks/replayed_runs.py`).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.adaptive_courses import LEAST, MOST, draw_course
from benchmarks.adaptive_designs import experiment_of, floor, item_by_item, told_of, verdicts
from benchmarks.replayed_runs import replay, told_of_replay
from ingestion.sampling.stopping.rule import FLOOR
from warehouse.layout import Layout

RESULT = Path(__file__).with_name("results") / "adaptive_epochs.json"

SIZES = (50, 200, 448)

JUDGED = ("typical", "hard", "chance", "typical, knows 60 %", "heavy")
"""Pools that are stopped at a verdict."""

EXPERIMENTS = {
    "typical, hard and chance": ("typical", "hard", "chance"),
    "three models of a kind": ("typical", "typical, knows 30 %", "typical, knows 60 %"),
    **{f"{name} alone": (name,) for name in ("typical", "hard", "chance", "typical, knows 60 %")},
}


def measure(n_items: int, n_draws: int, seed: int = 1) -> dict[str, dict[str, Any]]:
    """Everything that is recorded of pools of a size, by part of the record and name."""
    known = {name for names in EXPERIMENTS.values() for name in names}
    courses = {name: draw_course(name, n_items, n_draws, seed) for name in sorted(known)}
    experiments = {
        experiment: experiment_of({name: courses[name] for name in names}) for experiment, names in EXPERIMENTS.items()
    }
    for name in ("easy99", "heavy", "families", "families, as clusters", "contexts"):
        ends = (1, 3) if name == "contexts" else (LEAST, MOST)
        courses[name] = draw_course(name, n_items, n_draws, seed, ends)
    populations = {}
    for name, course in courses.items():
        if not np.isnan(course.width[-1]).all():
            middle = float(np.nanmean(course.width[len(course.epochs) // 3]))
            populations[name] = {"wanted_width": middle} | told_of(course, middle)
    found = {
        "experiments": experiments,
        "populations": populations,
        "item_by_item": {name: item_by_item(name, n_items, 500, seed) for name in FLOOR},
        "floor": {name: floor(name, n_items, 500, seed) for name in FLOOR},
        "verdicts": {name: verdicts(draw_course(name, n_items, n_draws, seed + 1)) for name in JUDGED},
    }
    return {part: {f"{name}, {n_items} items": told for name, told in of.items()} for part, of in found.items()}


def lines(result: dict[str, Any]) -> list[str]:
    """The result for people."""
    found = [
        "share of the flat design's samples; of each pool epochs, coverage (flat), width (flat), share that reached"
    ]
    for name, cells in result["experiments"].items():
        found += ["", name]
        for cell in cells:
            pools = "; ".join(
                f"{pool}: {told['mean_epochs']:.1f}, {told['coverage']:.3f} ({told['flat_coverage']:.3f}), "
                f"{told['mean_width']:.3f} ({told['flat_mean_width']:.3f}), {told['reached']:.2f}"
                for pool, told in cell["pools"].items()
            )
            found.append(
                f"  {cell['flat_epochs']} epochs, width {cell['wanted_width']:.3f}: {cell['share']:.2f}; {pools}"
            )
    found += ["", "pools by themselves: wanted width, epochs, coverage, coverage where it was reached, share given up"]
    for name, told in result["populations"].items():
        reached = "–" if told["coverage_reached"] is None else f"{told['coverage_reached']:.3f} of {told['n_reached']}"
        found.append(
            f"  {name}: {told['wanted_width']:.3f}, {told['mean_epochs']:.1f}, {told['coverage']:.3f}, {reached}, "
            f"{told['given_up']:.2f}"
        )
    found += ["", "until a verdict: truth, epochs, share decided, decided wrongly, decided by all epochs, coverage"]
    for name, told in result["verdicts"].items():
        found.append(
            f"  {name}: {told['truth']:.3f}, {told['mean_epochs']:.1f}, {told['decided']:.3f}, "
            f"{told['decided_wrongly']:.3f}, {told['decided_by_all_epochs']:.3f}, {told['coverage']:.3f}"
        )
    found += ["", "stopping item by item: epochs, bias in standard errors"]
    for name, told in result["item_by_item"].items():
        found.append(f"  {name}: {told['mean_epochs']:.1f}, {told['bias_in_standard_errors']:+.1f}")
    found += ["", "width with any number of samples × √ items"]
    return found + [f"  {name}: {floor:.2f}" for name, floor in result["floor"].items()]


def main(arguments: list[str] | None = None) -> int:
    """Simulate what is not recorded yet, write it down, print it; what was interrupted goes on where it stopped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1_000, help="of each pool (1,000: standard error 0.007)")
    parser.add_argument("--replay", type=Path, help="a warehouse with repeated runs, instead of simulated pools")
    parser.add_argument("--result", type=Path, default=RESULT)
    options = parser.parse_args(arguments)
    result = json.loads(options.result.read_text(encoding="utf-8")) if options.result.is_file() else {}
    if options.replay:
        result["replayed"] = replay(Layout(options.replay), 100)
        print("\n".join(told_of_replay(result["replayed"])))
        _write(options.result, result)
        return 0
    if result.get("draws") != options.draws:
        result = {name: result[name] for name in ("replayed",) if name in result} | {
            "draws": options.draws,
            "cpu_s": {},
        }
    for n_items in SIZES:
        if str(n_items) in result["cpu_s"]:
            continue
        started = time.process_time()
        for part, told in measure(n_items, options.draws).items():
            result.setdefault(part, {}).update(told)
        result["cpu_s"][str(n_items)] = round(time.process_time() - started, 1)
        _write(options.result, result)
    print("\n".join(lines(result)))
    return 0


def _write(path: Path, result: dict[str, Any]) -> None:
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(path)


if __name__ == "__main__":
    sys.exit(main())
