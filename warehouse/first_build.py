"""`python -P -m warehouse.first_build ROOT`: the first build of a warehouse, by SQL that dbt wrote before, without dbt.

What dbt runs in a warehouse that has no tables yet depends on the project alone, not on the data; and with few samples
nearly all that a build takes is dbt's own work on each table and test, not DuckDB's. So the SQL of a first build is
kept, as dbt left it in its target folder, and run again for the next warehouse, statement for statement: tables with
their contracts and comments, and every data test. Whatever is not as it was when it was kept (another project or
version, a statement or a test that fails), dbt does, and says what is wrong.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from warehouse.dbt_command import build_code, environment, is_told_no_path, kept_for_any_warehouse
from warehouse.layout import Layout
from warehouse.lifeline import end_when_adopted
from warehouse.parquet import atomic_path
from warehouse.raw import count_rows
from warehouse.sql_functions import give_functions
from warehouse.sql_text import identifier, literal


def command(layout: Layout) -> list[str]:
    """The command line of a first build without dbt; it ends with 1 if dbt has to do it."""
    return [sys.executable, "-P", "-m", __name__, str(layout.root)]


def is_possible(layout: Layout) -> bool:
    """Whether there are no tables yet, and the SQL that dbt would run is kept."""
    return (
        not layout.build_database.exists()
        and is_told_no_path(layout)
        and bool(_kept())
        # More are taken in several batches, by other statements.
        and count_rows(layout, "samples") <= int(environment(layout)["SAMPLES_AT_ONCE"])
    )


def names_of_nodes() -> list[str]:
    """dbt's names of the tables and tests of a first build without dbt."""
    return [node for node, _, _ in _kept().get("steps", [])]


def keep(layout: Layout) -> None:
    """Keep the SQL of a build by dbt that began without tables and has just succeeded."""
    # Half of an artifact (the disk is full) or a home that cannot be written costs the next one seconds, no more.
    with suppress(OSError, ValueError):
        _keep(layout)


def _keep(layout: Layout) -> None:
    done = json.loads(layout.dbt_results.read_text(encoding="utf-8"))
    told = done["args"]
    if not is_told_no_path(layout) or _kept() or any(told.get(name) for name in ("vars", "empty", "sample")):
        return
    nodes = json.loads(layout.dbt_manifest.read_text(encoding="utf-8"))["nodes"]
    # In the order in which they were done, what a table is made of comes before it.
    ids = [result["unique_id"] for result in done["results"] if result["unique_id"] in nodes]
    steps = [(id_, _name(nodes[id_]), _sql(nodes[id_])) for id_ in ids]
    in_batches = any(sql.lstrip().startswith("insert") for _, _, sql in steps)
    if len(steps) < len(nodes) or in_batches:
        return
    schemas = sorted({nodes[id_]["schema"] for id_ in ids if not id_.startswith("test.")})
    path = kept_for_any_warehouse(".json")
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps({"code": build_code([]), "schemas": schemas, "steps": steps}), encoding="utf-8")


def _kept() -> dict[str, Any]:
    """What is kept of this very project; empty if nothing is."""
    try:
        kept: dict[str, Any] = json.loads(kept_for_any_warehouse(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if kept.get("code") == build_code([]) else {}


def _name(node: Mapping[str, Any]) -> str:
    return str(node["name"] if node["resource_type"] == "test" else f"{node['schema']}.{node['alias']}")


def _sql(node: Mapping[str, Any]) -> str:
    """What dbt ran for a node. Comments are part of it but for seeds, whose statements are dbt's own."""
    sql = Path(node["build_path"]).read_text(encoding="utf-8")
    return sql + "".join(_comments(node)) if node["resource_type"] == "seed" else sql


def _comments(node: Mapping[str, Any]) -> Iterator[str]:
    yield f";\ncomment on table {node['relation_name']} is {literal(node['description'])}"
    for name, column in node["columns"].items():
        described = f"{node['relation_name']}.{identifier(name)}"
        yield f";\ncomment on column {described} is {literal(column['description'])}"


def main(root: str) -> int:
    """Run what is kept, in the warehouse's folder, and tell each step as dbt does; 1 where a test fails."""
    end_when_adopted()
    layout = Layout(Path(root).resolve())
    os.chdir(layout.root)
    kept = _kept()
    steps = kept["steps"]
    with duckdb.connect(str(layout.build_database)) as database:
        # As dbt/profiles.yml has them.
        database.execute("set TimeZone = 'UTC'")
        database.execute(f"set memory_limit = {literal(environment(layout)['BUILD_MEMORY'])}")
        give_functions(database, layout)
        for schema in kept["schemas"]:
            database.execute(f"create schema if not exists {identifier(schema)}")
        for i, (node, name, sql) in enumerate(steps, 1):
            found = database.execute(sql).fetchone()
            # Failures, whether they are worth a warning, whether they are an error.
            if node.startswith("test.") and (found is None or found[1] or found[2]):
                sys.stdout.write(f"{i} of {len(steps)} FAIL {name} [{found}]: left to dbt\n")
                return 1
            sys.stdout.write(f"{i} of {len(steps)} OK {name} [DONE]\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
