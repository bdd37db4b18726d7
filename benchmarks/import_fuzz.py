"""`python -m benchmarks.import_fuzz FIRST LAST LOG…`: import damaged copies number FIRST to LAST − 1 of real logs.

Every copy must be imported, partly imported with what is missing in quarantine, or refused; none may crash the import,
take longer than `LIMIT_S`, or give a row that is silently wrong (`benchmarks.fuzzing`). Copies are numbered, and each
follows from its number, so that a campaign can be run in slices. Each slice is added to `results/import_fuzz.json`.
Tables of every shape are written here and added to the logs.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import random
import re
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.damage import Damage, Original, Rows, wrong_rows
from benchmarks.fuzzing import damaged_copy
from benchmarks.memory import peak_mib
from ingestion.logs.formats import detect
from ingestion.logs.import_file import source_of
from ingestion.logs.importer import FileReport, import_paths
from ingestion.logs.lm_eval.log import LmEvalFormat
from tests.ingestion.test_random_tables import SHAPES, tables
from warehouse.cores import n_cores
from warehouse.layout import Layout
from warehouse.raw import connect_raw

SEED = 20_261_124
LIMIT_S = 20.0
N_TABLES = 3
"""Tables of each shape."""
BATCH = 50
RESULT = Path(__file__).with_name("results") / "import_fuzz.json"

COLUMNS = (
    *("answer_key_id", "status", "choice_index", "class_probs", "score", "completion", "reasoning", "answer", "error"),
    *("input_tokens", "output_tokens", "reasoning_tokens", "n_actions", "latency_s", "cost_usd", "finish_reason"),
    *("served_model",),
)


def originals(logs: list[Path]) -> list[Original]:
    """The logs with the rows that are read from them undamaged. Those that give no sample are left out."""
    found = []
    for path in logs:
        results = LmEvalFormat().companions(path) if path.suffix == ".jsonl" else ()
        mapping = path.with_name(f"{path.name}.mapping.yaml")
        is_table = mapping.is_file()
        original = Original(path, (*results, mapping) if is_table else results, is_log=not is_table)
        with tempfile.TemporaryDirectory() as folder:
            layout = Layout(Path(folder))
            (report,) = import_paths([path], layout, n_workers=1).reports
            original.said = _left_out(report)
            original.rows = next(iter(_rows_by_import(layout).values()), {})
        if original.rows:
            found.append(original)
    return found


def campaign(logs: list[Original], first: int, last: int, seed: int = SEED) -> dict[str, Any]:
    """Import the copies and count what became of them.

    Returns:
        `outcomes` and `damages` (counts), `wrong` (problems in words, at most 50), `slowest_s`, `peak_mib`.
    """
    outcomes, damages, wrong, slowest = Counter[str](), Counter[str](), list[str](), 0.0
    for start in range(first, last, BATCH):
        with tempfile.TemporaryDirectory() as folder:
            copies: list[tuple[int, Original, Path, Damage]] = []
            for number in range(start, min(start + BATCH, last)):
                chance = random.Random(f"{seed}/{number}")
                original = chance.choice(logs)
                path, damage = damaged_copy(original, Path(folder, "logs", f"{number:06}"), chance)
                copies.append((number, original, path, damage))
            layout = Layout(Path(folder, "warehouse"))
            reports: list[tuple[FileReport, float]] = []
            began = time.monotonic()
            for _, _, path, _ in copies:
                (report,) = import_paths([path], layout, n_workers=1).reports
                reports.append((report, time.monotonic() - began))
                began = time.monotonic()
            rows = _rows_by_import(layout)
            for (number, original, path, damage), (report, seconds) in zip(copies, reports, strict=True):
                kind = report.outcome
                if kind == "imported" and report.n_quarantined:
                    kind = "imported in part"
                outcomes[kind] += 1
                damages[damage.kind.partition(" in ")[0]] += 1
                slowest = max(slowest, seconds)
                if seconds > LIMIT_S:
                    wrong.append(f"copy {number} of {path.name}: took {seconds:.0f} s")
                if kind == "unchanged":  # the damage changed nothing, or is that of another copy
                    continue
                found = rows.get(_import_id(path), {}) if report.outcome == "imported" else {}
                n_unread = report.n_quarantined + (_left_out(report) != original.said)
                problems = wrong_rows(original, damage, found, n_unread=n_unread)
                wrong += [f"copy {number} of {path.name}, {damage.kind}: {problem}" for problem in problems]
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "outcomes": dict(sorted(outcomes.items())),
        "damages": dict(sorted(damages.items())),
        "n_wrong": len(wrong),
        "wrong": wrong[:50],
        "slowest_s": round(slowest, 2),
        "peak_mib": round(peak_mib()),
    }


def _left_out(report: FileReport) -> tuple[str, ...]:
    return tuple(re.findall(r"[\d,]+ of [\d,]+ rows are left out|[\d,]+ rows hold no sample", report.message))


def _import_id(path: Path) -> str:
    return source_of(path, detect(path), datetime.now(UTC)).import_id


def _rows_by_import(layout: Layout) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    with connect_raw(layout) as con:
        selected = con.execute(
            f"select import_id, task, model_id, item_id, epoch, {', '.join(COLUMNS)} from raw.samples"
        )
        for import_id, task, model_id, item_id, epoch, *values in selected.fetchall():
            row = dict(zip(COLUMNS, values, strict=True))
            found.setdefault(import_id, {}).setdefault((task, model_id, item_id, epoch), []).append(row)
    return found


def run_part(first: int, last: int, logs: list[Path]) -> dict[str, Any]:
    """A part of a slice, in a process of its own."""
    return campaign(originals(logs), first, last)


def main(first: int, last: int, logs: list[Path]) -> int:
    """Run a slice, a part on each core, add it to the recorded result, and print it; status 1 if anything was wrong."""
    with tempfile.TemporaryDirectory() as folder:
        written = [path for seed in range(N_TABLES) for path in tables(Path(folder, str(seed)), seed)[1]]
        told = _in_parts(first, last, [*sorted(log.resolve() for log in logs), *written])
    recorded = json.loads(RESULT.read_text()) if RESULT.exists() else {"seed": SEED, "slices": {}}
    recorded["logs"] = sorted(log.name for log in logs)
    recorded["tables"] = {shape.__name__: N_TABLES for shape in SHAPES}
    recorded["slices"] = dict(sorted((recorded["slices"] | told).items()))
    slices = recorded["slices"].values()
    recorded["n_copies"] = sum(sum(part["outcomes"].values()) for part in slices)
    recorded["outcomes"] = dict(sum((Counter(part["outcomes"]) for part in slices), Counter()))
    recorded["n_wrong"] = sum(part["n_wrong"] for part in slices)
    recorded["slowest_s"] = max(part["slowest_s"] for part in slices)
    recorded["peak_mib"] = max(part["peak_mib"] for part in slices)
    RESULT.write_text(json.dumps(recorded, indent=2) + "\n")
    print(json.dumps(told, indent=2))
    return int(any(part["n_wrong"] for part in told.values()))


def _in_parts(first: int, last: int, logs: list[Path]) -> dict[str, dict[str, Any]]:
    n_parts = n_cores()
    bounds = [first + (last - first) * part // n_parts for part in range(n_parts + 1)]
    with ProcessPoolExecutor(n_parts, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = {
            f"{low:05}-{high:05}": pool.submit(run_part, low, high, logs) for low, high in itertools.pairwise(bounds)
        }
        return {name: future.result() for name, future in futures.items()}


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), [Path(log) for log in sys.argv[3:]]))
