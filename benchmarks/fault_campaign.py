"""`python -m benchmarks.fault_campaign [COMMAND …]`: commands killed at random moments, full disks, hostile names.

Each trial takes a copy of one small warehouse (`build/benchmarks/fault_campaign/`), kills a command with SIGKILL,
looks, runs the command again to its end, and looks again. Nothing may be lost, half-published, left behind or left
running.
Trials are recorded one by one, so an interrupted campaign goes on where it stopped (with names of commands, only their
trials are done); remove the folder to begin anew. The outcome is kept in `benchmarks/results/fault_campaign.json`.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.fault_commands import is_supported
from benchmarks.fault_trials import (
    Found,
    Warehouse,
    full_disk_trial,
    hostile_names_trial,
    kill_trial,
    make_template,
)
from benchmarks.harness import commit

HERE = Path(__file__).resolve().parents[1] / "build" / "benchmarks" / "fault_campaign"
RESULT = Path(__file__).parent / "results" / "fault_campaign.json"
SEED = 2026

KILLS = {"import": 20, "publish": 10, "sample": 10, "report": 8, "build": 6, "run": 4, "ui": 2}
FULL_DISKS = {"import": 4, "publish": 2, "sample": 1, "report": 1, "build": 1, "status": 1}


@dataclass
class Record:
    """What the campaign saw, trial by trial."""

    trials: dict[str, dict[str, object]] = field(default_factory=dict)

    def summary(self) -> dict[str, object]:
        """What is kept: counts, and every problem in words."""
        kinds = Counter(str(trial["kind"]) for trial in self.trials.values())
        commands = Counter(str(trial["command"]) for trial in self.trials.values() if trial["kind"] == "kill")
        problems = [f"{name}: {text}" for name, trial in self.trials.items() for text in trial["problems"]]  # type: ignore[attr-defined]
        return {
            "kills": dict(sorted(commands.items())),
            "kills_in_all": commands.total(),
            "full_disks": kinds["full disk"],
            "disks_that_were_full": sum(
                bool(trial["was_killed"]) for trial in self.trials.values() if trial["kind"] == "full disk"
            ),
            "hostile_names": kinds["hostile names"],
            **{
                name: sum(int(str(trial[name])) for trial in self.trials.values())
                for name in ("rows_lost", "half_published", "leftovers", "processes_alive")
            },
            "problems": problems,
            "commits": sorted({str(trial["commit"]) for trial in self.trials.values()}),
            "days": sorted({str(trial["day"]) for trial in self.trials.values()}),
        }


def main(arguments: list[str]) -> int:
    """Run what is left of the campaign; exit status 1 if anything was lost, half done or left behind."""
    HERE.mkdir(parents=True, exist_ok=True)
    book = HERE / "trials.json"
    record = Record(json.loads(book.read_text()) if book.exists() else {})
    template = make_template(HERE)
    for name, trial in _trials(template):
        if name in record.trials or (arguments and not set(name.split()) & set(arguments)):
            continue
        started = time.monotonic()
        found = trial()
        record.trials[name] = asdict(found) | {"commit": commit(), "day": datetime.now(UTC).date().isoformat()}
        book.write_text(json.dumps(record.trials, indent=1))
        RESULT.write_text(json.dumps(record.summary(), indent=2) + "\n")
        print(f"{name}: {found.told()} ({time.monotonic() - started:.0f} s)", flush=True)
    print(json.dumps(record.summary(), indent=2))
    return int(bool(record.summary()["problems"]))


def _killed(template: Warehouse, command: str, moment: float, turn: int) -> Found:
    """A kill of a command that was at work: one that came after its end is tried again, earlier."""
    while not (found := kill_trial(template, HERE, command, moment, turn)).was_killed:
        moment *= 0.8
    return found


def _trials(template: Warehouse) -> list[tuple[str, Callable[[], Found]]]:
    chance = random.Random(SEED)
    trials: list[tuple[str, Callable[[], Found]]] = []
    for command, number in KILLS.items():
        for turn in range(number):
            # Spread over the command's usual processor time, to its very end.
            moment = (turn + chance.random()) / number * 1.05
            trials.append((f"kill {command} {turn}", partial(_killed, template, command, moment, turn)))
    for command, number in FULL_DISKS.items():
        for turn in range(number):
            share = (turn + chance.random()) / number
            trials.append((f"full disk {command} {turn}", partial(full_disk_trial, template, HERE, command, share)))
    trials.append(("hostile names", partial(hostile_names_trial, HERE)))
    return trials


if __name__ == "__main__":
    if is_supported():
        sys.exit(main(sys.argv[1:]))
    sys.exit("the campaign reads /proc, and mounts a small disk: it needs Linux, as root")
