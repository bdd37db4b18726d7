"""What the build database was built from, kept in it: whether a build has anything to do, and on what.

What belongs here: which inputs have changed. What does not: which pools have, within a table; that each model of single
pools knows for itself (`dbt/materializations/per_pool.sql`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from warehouse.dbt_command import build_code
from warehouse.freshness import code_fingerprint
from warehouse.layout import Layout
from warehouse.schemas import QUARANTINE, RAW_TABLES


@dataclass(frozen=True)
class Inputs:
    """What decides the tables of a build.

    Attributes:
        code: a hash over the dbt project, the package whose functions it calls, their versions and the key of hashes.
        files: for each raw table, a hash over its files' names, sizes and times; raw files are immutable.
    """

    code: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Built:
    """Of what a build that finished was made, and when it began."""

    inputs: Inputs
    at: datetime


def inputs_of(layout: Layout) -> Inputs:
    """What a build would be made from now."""
    key = layout.hash_key.read_bytes() if layout.hash_key.is_file() else b""
    told = [
        build_code([]),
        code_fingerprint(Path(__file__).parent, without=layout.root),
        hashlib.sha256(key).hexdigest(),
    ]
    return Inputs(
        code=_hash(told),
        files={name: _hash(_files(layout, name)) for name in RAW_TABLES if name != QUARANTINE.name},
    )


def _files(layout: Layout, table: str) -> list[str]:
    return [
        f"{path.relative_to(layout.root)} {facts.st_size} {facts.st_mtime_ns}"
        for path in sorted(layout.raw_table(table).rglob("*.parquet"))
        for facts in [path.stat()]
    ]


def _hash(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def last_built(layout: Layout) -> Built | None:
    """What the tables were built from; None where there are none, or where they may not belong together."""
    import duckdb

    if layout.unfinished_build.exists() or not layout.build_database.is_file():
        return None
    try:
        with duckdb.connect(str(layout.build_database), read_only=True) as database:
            told, at = database.execute("select inputs, built_at from main.built_from").fetchall()[0]
    except (duckdb.Error, IndexError):  # of an earlier version; another process has it open; another kind of file
        return None
    inputs = json.loads(told)
    return Built(Inputs(inputs["code"], inputs["files"]), datetime.fromisoformat(at))


def remember(layout: Layout, inputs: Inputs | None, at: datetime | None = None) -> None:
    """Write what the tables were built from into their database; None where they do not all come from one state."""
    import duckdb

    with duckdb.connect(str(layout.build_database)) as database:
        database.execute("begin; create or replace table main.built_from (inputs varchar, built_at varchar)")
        if inputs is not None:
            told = json.dumps({"code": inputs.code, "files": dict(inputs.files)})
            database.execute("insert into main.built_from values (?, ?)", [told, (at or datetime.now(UTC)).isoformat()])
        database.execute("commit")
