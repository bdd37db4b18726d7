"""`python -m benchmarks.record_optimizers DATABASE CHECKPOINTS`: make the recorded run of profile `laptop` that ships.

Reads the figures of a warehouse in which `incoherence synthetic --profile laptop` was run and built, and the provenance
beside its checkpoints, and writes the seeds `dbt/seeds/recorded_optimizer_*.csv`.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import duckdb

from synthetic.profiles import LAPTOP

SEEDS = Path(__file__).resolve().parents[1] / "dbt" / "seeds"

STEPS_BETWEEN, DIGITS = 20, 11

QUERIES = {
    "scale": "from figures.fig_synthetic_by_scale",
    "steps": f"from figures.fig_synthetic_by_step where decomposition = 'per_start' and starts = 'standard' "
    f"and step % {STEPS_BETWEEN} = 0",
    "settings": "from figures.fig_synthetic_settings",
}


def short(value: Any) -> Any:
    """Numbers with eleven digits: less would break the sum of bias² and variance."""
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def rows_of(con: duckdb.DuckDBPyConnection, query: str, finished: list[str]) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows of a figure, of this warehouse's own run: of finished models and the teacher."""
    done = con.execute(
        f"select * exclude (source) from (select * {query}) where source = 'this warehouse' "
        "and problem_id = ? and (seed is null or list_contains(?, model_id))",
        [LAPTOP.problem_id, finished],
    )
    return [column[0] for column in done.description or ()], [list(map(short, row)) for row in done.fetchall()]


def run_of(checkpoints: Path, seeds: list[int]) -> dict[str, Any]:
    """Where the run came from, out of its provenance."""
    record = json.loads((checkpoints / LAPTOP.problem_id / "provenance.json").read_text(encoding="utf-8"))
    first = record["runs"][0]
    return {
        "problem_id": LAPTOP.problem_id,
        "profile": record["profile"],
        "seeds": " ".join(map(str, seeds)),
        "device": first["device"],
        "torch": first["torch"],
        "python": first["python"],
        "git_commit": first["commit"],
        "started_at": min(run["started_at"] for run in record["runs"]),
        "wall_seconds": round(sum(run["seconds"] for run in record["runs"])),
    }


def write(name: str, columns: list[str], rows: list[list[Any]]) -> None:
    """Write one seed."""
    path = SEEDS / f"recorded_optimizer_{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    print(f"{path}: {len(rows)} rows, {path.stat().st_size / 1024:.0f} KB")


def main(database: str, checkpoints: str) -> None:
    """Write all four; only models whose rollouts are all there."""
    con = duckdb.connect(database, read_only=True)
    n_rollouts = sum(len(starts.temperatures) for starts in LAPTOP.rollout.starts)
    found = con.execute(
        "select model_id, max(seed) from figures.fig_synthetic_by_scale where source = 'this warehouse' "
        "and problem_id = ? and decomposition = 'per_start' group by model_id having count(*) = ?",
        [LAPTOP.problem_id, n_rollouts],
    ).fetchall()
    for name, query in QUERIES.items():
        write(name, *rows_of(con, query, [model_id for model_id, _ in found]))
    run = run_of(Path(checkpoints), sorted({seed for _, seed in found}))
    write("runs", list(run), [list(run.values())])


if __name__ == "__main__":
    main(*sys.argv[1:])
