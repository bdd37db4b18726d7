"""`python -m benchmarks.incremental_kills [KILLS]`: a build of what has changed, also a killed one, against a full one.

On a small warehouse with rows in every table. Raw files are added, replaced and deleted, then dbt's variables change;
after each change the warehouse is built, and a new one over the same raw files in full. Then all three changes at once
are built, killed with SIGKILL as soon as dbt has said a number of lines that chance decides, and built again. Every
published table must hold the same rows as that of a full build: numbers to 1e-9, all else exactly. The outcome is kept
in `benchmarks/results/incremental_kills.json`.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.incremental_changes import CHANGES, project_with_other_variables, write_base
from benchmarks.same_tables import difference
from warehouse.layout import PROJECT_ROOT, Layout
from warehouse.publish import PUBLISHED_SCHEMAS
from warehouse.transform import build

RESULT = Path(__file__).parent / "results" / "incremental_kills.json"
SEED = 2026
N_AT_ONCE = 2


@dataclass(frozen=True)
class Compared:
    """Two builds of the same raw files: how many tables and rows there are, and what differs."""

    n_tables: int
    n_rows: int
    differences: tuple[str, ...]


def compare(layout: Layout, full: Layout) -> Compared:
    """Hold every published table of one build against that of another."""
    with duckdb.connect() as database:
        for name, of in (("found", layout), ("wanted", full)):
            database.execute(f"attach '{of.build_database}' as {name} (read_only)")
        tables, others = (
            database.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = ? and schema_name in ?",
                [name, list(PUBLISHED_SCHEMAS)],
            ).fetchall()
            for name in ("found", "wanted")
        )
        differences = [f"{schema}.{table} is in one alone" for schema, table in set(tables) ^ set(others)]
        n_rows = 0
        for schema, table in sorted(set(tables) & set(others)):
            found, wanted = (f'{name}."{schema}"."{table}"' for name in ("found", "wanted"))
            columns = [column for column, *_ in database.execute(f"describe {wanted}").fetchall()]
            if told := difference(database, found, wanted, columns):
                differences.append(f"{schema}.{table}: {told}")
            n_rows += (database.execute(f"select count(*) from {wanted}").fetchone() or (0,))[0]
    return Compared(len(tables), n_rows, tuple(differences))


@contextmanager
def started(layout: Layout, *options: str, project: Path = PROJECT_ROOT) -> Iterator[subprocess.Popen[str]]:
    """A build in a process group of its own, which says what dbt says."""
    environment = os.environ | {"PYTHONPATH": str(project), "PYTHONUNBUFFERED": "1", "DBT_THREADS": "1"}
    if project != PROJECT_ROOT:  # what dbt has parsed of it is nobody else's
        environment["XDG_CACHE_HOME"] = str(project)
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.incremental_kills", "--build", str(layout.root), *options],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        yield process


def built(layout: Layout, *options: str, project: Path = PROJECT_ROOT) -> list[str]:
    """Build to the end; what dbt said, with the reason for what was built at last."""
    with started(layout, *options, project=project) as process:
        said = list(process.stdout or ())
    if process.returncode:
        raise RuntimeError(f"a build of {layout.root} failed:\n{''.join(said[-30:])}")
    return said


def killed(layout: Layout, after: int) -> str:
    """Kill a build, with all its processes, when dbt has said so many lines; the last of them."""
    with started(layout) as process:
        *_, line = islice(process.stdout or (), after)
        os.killpg(process.pid, signal.SIGKILL)
    return line.strip()


def copy_of(layout: Layout, root: Path, *, with_tables: bool) -> Layout:
    """A warehouse with the same raw files (by their times, too), and the same tables or none."""
    unwanted = shutil.ignore_patterns() if with_tables else shutil.ignore_patterns("build")
    shutil.copytree(layout.root, root, ignore=unwanted)
    return Layout(root)


def check_changes(folder: Path, base: Layout) -> tuple[dict[str, Any], Layout]:
    """Build after each change, and in full; what differed, and a full build of all changes to the raw files."""
    told: dict[str, Any] = {}
    layout = copy_of(base, folder / "changing", with_tables=True)
    full = base
    projects = dict.fromkeys(CHANGES, PROJECT_ROOT) | {
        "another variable": project_with_other_variables(folder / "project")
    }
    with ThreadPoolExecutor(N_AT_ONCE) as at_once:
        for name, project in projects.items():
            if change := CHANGES.get(name):
                change(layout)
            anew = copy_of(layout, folder / name.replace(" ", "_"), with_tables=False)
            builds = [
                at_once.submit(built, layout, project=project),
                at_once.submit(built, anew, "--full", project=project),
            ]
            why, _ = (each.result()[-1].strip() for each in builds)
            compared = compare(layout, anew)
            told[name] = {
                "why": why,
                "tables": compared.n_tables,
                "rows": compared.n_rows,
                "differences": compared.differences,
            }
            print(f"{name}: {told[name]}", flush=True)
            full = anew if change else full
    return told, full


def check_kills(folder: Path, base: Layout, full: Layout, n_kills: int) -> list[dict[str, Any]]:
    """Kill builds at random moments, and build again."""
    changed = copy_of(base, folder / "changed", with_tables=True)
    shutil.rmtree(changed.raw)
    shutil.copytree(full.raw, changed.raw)
    n_lines = len(built(copy_of(changed, folder / "whole", with_tables=True)))
    chance = random.Random(SEED)
    moments = sorted(chance.sample(range(1, n_lines), n_kills))

    def kill(after: int) -> dict[str, Any]:
        layout = copy_of(changed, folder / f"killed {after}", with_tables=True)
        line = killed(layout, after)
        is_marked = layout.unfinished_build.exists()
        why = built(layout)[-1].strip()
        compared = compare(layout, full)
        shutil.rmtree(layout.root)
        told = {"after_line": after, "of": n_lines, "line": line, "marked_as_unfinished": is_marked, "then": why}
        told |= {"differences": compared.differences}
        print(told, flush=True)
        return told

    with ThreadPoolExecutor(N_AT_ONCE) as at_once:
        return list(at_once.map(kill, moments))


def main(n_kills: int) -> int:
    """Run the campaign; exit status 1 if a table differs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        base = Layout(folder / "base")
        write_base(base)
        built(base, "--full")
        changes, full = check_changes(folder, base)
        kills = check_kills(folder, base, full, n_kills)
    result = {"seed": SEED, "changes": changes, "kills": kills}
    is_well = not any(told["differences"] for told in (*changes.values(), *kills))
    print("every table is as a full build has it" if is_well else "tables differ")
    if is_well:
        RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return int(not is_well)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--build"]:
        print(build(Layout(Path(sys.argv[2])), full="--full" in sys.argv, echo=print).why)
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
