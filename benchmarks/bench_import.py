"""Import of a 20,000-sample Inspect log, beside Inspect's own way to a table of samples with their scores.

The log is made once with Inspect's mock model (a few minutes) and kept in `build/benchmarks/`.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmarks.harness import Comparison, compare
from ingestion.logs.importer import import_paths
from warehouse.layout import PROJECT_ROOT, Layout

N_ITEMS, N_EPOCHS = 1_000, 20
LOG = PROJECT_ROOT / "build" / "benchmarks" / f"inspect_{N_ITEMS}x{N_EPOCHS}.eval"


def run() -> Iterable[Comparison]:
    make_log()
    yield compare(
        f"import an Inspect log of {N_ITEMS * N_EPOCHS:,} samples to Parquet",
        "inspect_ai samples_df with scores",
        import_log,
        read_with_inspect,
        rounds=1,
        wanted=15,
    )
    print(f"  peak memory of the import in a process of its own: {peak_mib():.0f} MiB")


def make_log() -> None:
    """Run the mock model, unless the log is there."""
    if LOG.exists():
        return
    from tests.ingestion.inspect_runs import mcq_task, output, run_inspect

    chance = random.Random(1)
    words = [f"word{number}" for number in range(500)]

    def answer() -> object:
        thought = " ".join(chance.choices(words, k=chance.randint(20, 200)))
        return output(f"ANSWER: {chance.choice('AAABCD')}", reasoning=thought)

    answers = {f"item-{item:04}": [answer() for _ in range(N_EPOCHS)] for item in range(N_ITEMS)}
    with tempfile.TemporaryDirectory() as folder:
        made = run_inspect(Path(folder), mcq_task(answers), max_samples=200, max_connections=200)
        LOG.parent.mkdir(parents=True, exist_ok=True)
        LOG.write_bytes(made.read_bytes())


def import_log() -> int:
    """Import the log into a new warehouse."""
    with tempfile.TemporaryDirectory() as folder:
        summary = import_paths([LOG], Layout(Path(folder)))
    if (summary.n_samples, summary.n_quarantined) != (N_ITEMS * N_EPOCHS, 0):
        raise RuntimeError(f"the import is not whole: {summary.reports}")
    return summary.n_samples


def read_with_inspect() -> int:
    """The library's data frame of samples with everything that a decomposition needs: answers and scores."""
    from inspect_ai.analysis import SampleScores, SampleSummary, samples_df

    return len(samples_df(str(LOG), columns=[*SampleSummary, *SampleScores], quiet=True))


def peak_mib() -> float:
    """Peak resident memory of one import, in MiB: the kernel's mark of that process, which begins anew with it.

    Without pandas, as the command does it; it is installed here for the peer.
    """
    code = """
from benchmarks.bench_import import import_log
from benchmarks.memory import peak_mib
from warehouse.arrow import leave_out_pandas

leave_out_pandas()
import_log()
print(peak_mib())
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=PROJECT_ROOT)
    return float(done.stdout)
