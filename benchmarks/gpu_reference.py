"""`python -m benchmarks.gpu_reference --out FOLDER [--from FOLDER] [--minutes M]`: a reference run on a borrowed GPU.

Without `--minutes`, only checks that the GPU computes what the CPU does. With it, measurements, and then the sizes of
the profile `paper`, smallest first, as far as the time goes. FOLDER then holds all that is worth keeping, as
`gpu_parcel` says; given as `--from` to the next run, that goes on from there. A step that fails is reported and does
not stop the rest.
Needs torch, numpy, pyarrow, safetensors and transformers, and no network.

Exit status 0: all is done; 75: the time was up before; 1: something failed. The report names it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from synthetic.config import ExperimentConfig, ModelSize, StartsConfig
from synthetic.machine import WAIT_PASSIVELY, Machine, Slice, TimeIsUpError, World
from synthetic.profiles import PAPER, QUICK
from warehouse.layout import Layout

REHEARSAL = replace(
    QUICK,
    profile="rehearsal",
    data=replace(QUICK.data, n_trajectories=40, n_steps=50),
    sizes=(
        ModelSize(name="one", n_layers=1, width=8, n_heads=2, learning_rate=4e-3),
        ModelSize(name="two", n_layers=2, width=12, n_heads=2, learning_rate=4e-3),
    ),
    seeds=(1,),
    training=replace(
        QUICK.training,
        batch_size=32,
        n_steps=40,
        warmup_steps=2,
        log_every=10,
        validate_every=20,
        n_validation_pairs=64,
    ),
    rollout=replace(
        QUICK.rollout,
        n_steps=4,
        starts=(
            StartsConfig("standard", n_anchors=2, n_replicates=4, scale=1.0, jitter=0.05, temperatures=(0.0, 1.0)),
        ),
    ),
)
"""The whole program in seconds on a CPU."""

CHECKS_MINUTES, MEASURING_SHARE, PACKING_MINUTES = 2.5, 0.35, 0.4
"""Time for the checks; share of `--minutes` that measurements may take; and what is left free for the last packing."""

TIME_IS_UP = 75

Numbers = dict[str, Any]


@dataclass
class Report:
    """What was tried, and what came of it; on disk after every step.

    Attributes:
        path: the file.
        about: where and when this ran.
        steps: one entry for each step.
    """

    path: Path
    about: Numbers
    steps: list[Numbers] = field(default_factory=list)

    def attempt(self, name: str, step: Callable[[], Numbers | None], time_slice: Slice) -> bool:
        """Do a step; whether it succeeded. Its failure is noted, and so is that there was no time for it."""
        entry: Numbers = {"step": name, "outcome": "time is up"}
        began = time.monotonic()
        try:
            if not time_slice.is_over:
                entry |= {"numbers": step() or {}, "outcome": "done"}
        except TimeIsUpError as error:
            entry["error"] = str(error)
        except Exception as error:
            entry |= {"outcome": "failed", "error": f"{type(error).__name__}: {error}"}
            entry["traceback"] = traceback.format_exc()
        entry["seconds"] = round(time.monotonic() - began, 1)
        self.steps.append(entry)
        self.write()
        told = {key: value for key, value in entry.items() if key not in ("step", "outcome", "traceback")}
        print(f"{entry['outcome']:>10}  {name}: {json.dumps(told)}", flush=True)
        return entry["outcome"] == "done"

    def write(self) -> None:
        """Put the report where it belongs."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**self.about, "steps": self.steps}, indent=1)
        self.path.write_text(text + "\n", encoding="utf-8")

    @property
    def status(self) -> int:
        """Exit status."""
        outcomes = {entry["outcome"] for entry in self.steps}
        return 1 if "failed" in outcomes else TIME_IS_UP if "time is up" in outcomes else 0


def check(report: Report, config: ExperimentConfig, device: str, time_slice: Slice) -> None:
    """Does the device compute what the CPU does? The decoder first: all rollouts hang on it."""
    from benchmarks import gpu_checks

    smallest, middle = config.sizes[0].name, config.sizes[len(config.sizes) // 2].name
    for name in (smallest, middle):
        report.attempt(f"decoder {name}", lambda name=name: gpu_checks.decoder(config, name, device), time_slice)
    report.attempt(f"training {smallest}", lambda: gpu_checks.training(config, smallest, device), time_slice)
    report.attempt(f"side by side {smallest}", lambda: gpu_checks.side_by_side(config, smallest, device), time_slice)


def measure(report: Report, config: ExperimentConfig, device: str, time_slice: Slice) -> None:
    """Ratios and shares of the peak: the smallest and the largest size first, then those between."""
    from benchmarks import gpu_measures

    speeds = gpu_measures.Speeds(config, device)
    report.attempt("peak", speeds.peak, time_slice)
    sizes = list(config.sizes)
    for size in [sizes[0], sizes[-1], *sizes[1:-1]]:
        report.attempt(f"measure training {size.name}", lambda size=size: speeds.training(size), time_slice)
        report.attempt(f"measure rollouts {size.name}", lambda size=size: speeds.rollouts(size), time_slice)
    report.attempt("measure side by side", lambda: speeds.side_by_side(sizes[0]), time_slice)
    report.attempt("projection", speeds.projection, Slice())


def go_on(report: Report, config: ExperimentConfig, machine: Machine, folders: Folders) -> None:
    """Train and roll out what is missing, the smallest size first, and pack after each."""
    from benchmarks import gpu_parcel, gpu_rollouts
    from synthetic.experiment import checkpoint_path, train_models

    time_slice, layout = machine.time_slice, Layout(folders.work)
    rollouts = gpu_rollouts.Rollouts(config, machine)

    def unpack() -> Numbers:
        if folders.earlier is not None:
            rollouts.table = gpu_parcel.unpack(folders.earlier, config, layout)
        return {
            "models": [each.name for each in config.members if checkpoint_path(config, each.name, layout).is_file()]
        }

    def train(names: list[str]) -> Numbers:
        results = train_models(config, names, layout, lambda line: print(f"            {line}", flush=True), machine)
        return {result.model_id: result.validation_loss for result in results}

    if not report.attempt("unpack", unpack, Slice()):
        return  # else the folder's content would be replaced by less
    report.attempt("roll out the teacher", lambda: rollouts.make(None, layout), time_slice)
    for size in config.sizes:
        names = [each.name for each in config.members if each.size == size]
        is_trained = report.attempt(f"train {size.name}", lambda names=names: train(names), time_slice)
        for name in names if is_trained else ():
            report.attempt(f"roll out {name}", lambda name=name: rollouts.make(name, layout), time_slice)
        report.attempt("pack", lambda: gpu_parcel.pack(config, layout, rollouts.table, folders.out), Slice())
        if time_slice.is_over:
            break


@dataclass(frozen=True)
class Folders:
    """Where results go, where earlier ones are, and where work is done.

    Attributes:
        out: see `gpu_parcel`.
        earlier: such a folder, of the run before; None begins anew.
        work: for files that stay on the machine.
    """

    out: Path
    earlier: Path | None
    work: Path


def main(arguments: list[str]) -> int:
    """Run the checks, or the rest."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_reference")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--from", dest="earlier", type=Path, help="folder with the results of the run before")
    parser.add_argument("--minutes", type=float, help="time for measurements and training; without it, only checks")
    parser.add_argument("--seeds", type=int, default=1, help="models of each size, trained side by side")
    parser.add_argument("--measured", action="store_true", help="leave out the measurements")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--rehearse", action="store_true", help="a tiny experiment in place of the profile paper")
    options = parser.parse_args(arguments)
    began = Slice(CHECKS_MINUTES if options.minutes is None else options.minutes - PACKING_MINUTES)
    for name, setting in WAIT_PASSIVELY.items():
        os.environ.setdefault(name, setting)
    from synthetic.provenance import surroundings

    config = (REHEARSAL if options.rehearse else PAPER).with_seeds(options.seeds)
    machine = Machine(World(device=options.device), began, compiled=options.device == "cuda")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    about = {"profile": config.profile, "problem_id": config.problem_id, "seeds": config.seeds, "started_at": now}
    report = Report(options.out / "report.json", {**about, "arguments": arguments, **surroundings(machine)})
    report.write()
    if options.minutes is None:
        check(report, config, options.device, began)
        return report.status
    if not options.measured:
        measure(report, config, options.device, Slice(MEASURING_SHARE * options.minutes))
    with tempfile.TemporaryDirectory() as work:
        go_on(report, config, machine, Folders(options.out, options.earlier, Path(work)))
    return report.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
