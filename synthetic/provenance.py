"""Where, when and how long an experiment ran: what a reader needs to judge its numbers and its speed."""

from __future__ import annotations

import json
import platform
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from synthetic.config import CODE_VERSION, ExperimentConfig
from synthetic.machine import Machine
from warehouse.installation import IS_CHECKOUT, PROJECT_ROOT
from warehouse.layout import Layout
from warehouse.parquet import atomic_path


def provenance_path(config: ExperimentConfig, layout: Layout) -> Path:
    """The file beside the checkpoints that `recorded` writes."""
    return layout.checkpoint(config.problem_id, "provenance.json")


@contextmanager
def recorded(config: ExperimentConfig, layout: Layout, machine: Machine) -> Iterator[None]:
    """Add one entry to the experiment's provenance, whether the block ends, fails or runs out of time."""
    started, clock = datetime.now(UTC), time.monotonic()
    outcome = "finished"
    try:
        yield
    except BaseException as error:
        outcome = f"{type(error).__name__}: {error}"
        raise
    finally:
        if machine.world.is_first:
            path = provenance_path(config, layout)
            runs = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.is_file() else []
            run = {
                "started_at": started.isoformat(timespec="seconds"),
                "seconds": round(time.monotonic() - clock, 1),
                "outcome": outcome,
                **surroundings(machine),
            }
            record = {"profile": config.profile, "code_version": CODE_VERSION, "config": config.as_dict()}
            with atomic_path(path) as temporary:
                text = json.dumps({**record, "runs": [*runs, run]}, indent=2, allow_nan=False)
                temporary.write_text(text + "\n", encoding="utf-8")


def surroundings(machine: Machine) -> dict[str, Any]:
    """The device, the processes and the versions of a run."""
    import torch

    device = machine.world.device
    on_gpu = device.startswith("cuda")
    return {
        "device": torch.cuda.get_device_name(device) if on_gpu else platform.processor() or platform.machine(),
        "precision": "bfloat16 autocast" if on_gpu else "float32",
        "n_processes": machine.world.size,
        "n_threads": torch.get_num_threads(),
        "compiled": machine.compiled,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "commit": _commit(),
    }


def _commit() -> str | None:
    """The project's commit, marked if files differ from it; None outside of a checkout."""
    if not IS_CHECKOUT:  # a repository around it would be somebody else's
        return None
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
