"""Rows that the operators of a model's query hand on: what a query has to do, whatever the machine and its other work.

Processor time of a model is not that alone: tables that outgrow the processor's caches make each row dearer, and a
checkpoint of the database, which comes when enough has been written, falls on whichever model is next.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from warehouse.layout import PROJECT_ROOT, Layout
from warehouse.sql_functions import give_functions


def rows_handled(layout: Layout, models: list[str]) -> dict[str, int | None]:
    """Rows by model, from its query run once more on a finished build; None where it does not fit into memory alone."""
    command = [sys.executable, "-m", __name__, str(layout.root), *models]
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}
    # The queries name raw files from the warehouse's folder.
    told = subprocess.run(command, cwd=layout.root, env=environment, check=True, capture_output=True, text=True).stdout
    found: dict[str, int | None] = json.loads(told)
    return found


def _count(layout: Layout, models: list[str]) -> dict[str, int | None]:
    results = json.loads(layout.dbt_results.read_text(encoding="utf-8"))["results"]
    queries = {result["unique_id"].rsplit(".", 1)[-1]: result.get("compiled_code") for result in results}
    found: dict[str, int | None] = {}
    with (
        tempfile.TemporaryDirectory() as spill,
        duckdb.connect(str(layout.build_database), read_only=True) as database,
    ):
        give_functions(database, layout)
        database.execute(f"set TimeZone = 'UTC'; set temp_directory = '{spill}'")
        database.execute("pragma enable_profiling = 'no_output'")
        for model in models:
            try:
                database.execute(f"create or replace temp table model as {queries[model]}")
            except duckdb.OutOfMemoryException:
                found[model] = None
            else:
                profile = json.loads(database.get_profiling_information("json"))
                found[model] = sum(map(_handed_on, profile["operator"]))
    return found


def _handed_on(operator: dict[str, Any]) -> int:
    return int(operator["intermediate_rows"]) + sum(map(_handed_on, operator.get("children", ())))


if __name__ == "__main__":
    print(json.dumps(_count(Layout(Path(sys.argv[1])), sys.argv[2:])))
