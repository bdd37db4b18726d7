"""`python -m benchmarks.import_scale`: memory of importing 1, 10 and 100 logs, and time to import 1,000 known files.

Logs are written here in Inspect's format: 300 samples of some 4,000 characters each for the memory, one sample each for
the thousand files. Each import is a process of its own; its peak is that of its largest process (workers included).
The result is written to `results/import_scale.json`.
"""

from __future__ import annotations

import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.memory import peak_mib
from ingestion.logs.importer import import_paths
from warehouse.arrow import leave_out_pandas
from warehouse.cores import n_cores
from warehouse.layout import PROJECT_ROOT, Layout

RESULT = Path(__file__).with_name("results") / "import_scale.json"
N_SAMPLES = 300
HEADER = {
    "version": 2,
    "status": "success",
    "eval": {"eval_id": "e", "task": "scale", "model": "p/m", "created": "2026-01-02T03:04:05+00:00"},
}


def write_log(path: Path, n_samples: int, chance: random.Random) -> None:
    """A log of one item with so many epochs."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for epoch in range(1, n_samples + 1):
            text = f"{chance.randbytes(2_000).hex()}\nANSWER: {chance.choice('AB')}"
            output = {"choices": [{"message": {"role": "assistant", "content": text}}]}
            sample = {"id": "q", "epoch": epoch, "uuid": chance.randbytes(11).hex(), "input": "?", "target": "A"}
            sample |= {"choices": ["x", "y"], "output": output}
            file.writestr(f"samples/q_epoch_{epoch}.json", json.dumps(sample))
        file.writestr("header.json", json.dumps(HEADER))


def import_folder(folder: Path, warehouse: Path) -> dict[str, Any]:
    """Import it in a process of its own: its seconds, from the first file looked at, and its peak memory."""
    command = [sys.executable, "-m", "benchmarks.import_scale", "--one", str(folder), str(warehouse)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT_ROOT)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def one(folder: Path, warehouse: Path) -> dict[str, Any]:
    """What `import_folder` runs: as the command does, without pandas."""
    leave_out_pandas()
    began = time.perf_counter()
    summary = import_paths([folder], Layout(warehouse))
    seconds = time.perf_counter() - began
    peaks = (peak_mib(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "imported": summary.count("imported"),
        "unchanged": summary.count("unchanged"),
        "n_samples": summary.n_samples,
        "seconds": round(seconds, 2),
        "peak_mib": round(max(peaks)),
    }


def main() -> None:
    """Measure, print and record."""
    chance = random.Random(1)
    told: dict[str, Any] = {"cores": n_cores(), "python": platform.python_version()}
    # Seconds mean little beside other work; memory does not depend on it.
    told |= {"day": datetime.now(UTC).date().isoformat(), "load_average": round(os.getloadavg()[0], 1), "memory": {}}
    with tempfile.TemporaryDirectory() as root:
        for n_logs in (1, 10, 100):
            folder = Path(root, f"logs{n_logs}")
            folder.mkdir()
            for number in range(n_logs):
                write_log(folder / f"{number:03}.eval", N_SAMPLES, chance)
            told["memory"][str(n_logs)] = import_folder(folder, Path(root, f"warehouse{n_logs}"))
            print(f"{n_logs:>4} logs of {N_SAMPLES} samples: {told['memory'][str(n_logs)]}", flush=True)
        folder = Path(root, "thousand")
        folder.mkdir()
        for number in range(1_000):
            write_log(folder / f"{number:04}.eval", 1, chance)
        for name in ("first", "second"):
            told[f"{name}_import_of_1000_files"] = import_folder(folder, Path(root, "warehouse"))
            print(f"{name} import of 1,000 files: {told[f'{name}_import_of_1000_files']}", flush=True)
    RESULT.write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(Path(sys.argv[2]), Path(sys.argv[3]))))
    else:
        main()
