"""Fill the lists of `dbt/models/exposures.yml`: `python -m warehouse.dbt_exposures`.

Which tables the report reads is decided by its figures and queries, which tables are exported by the folders of marts
and figures; dbt wants both spelled out. Everything else in the file is written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb

from warehouse.figures import FIGURES
from warehouse.layout import DBT_PROJECT_DIR
from warehouse.report import page

EXPOSURES = DBT_PROJECT_DIR / "models" / "exposures.yml"

PUBLISHED = ("marts", "figures")


def reads(project: Path = DBT_PROJECT_DIR) -> dict[str, set[str]]:
    """Names of the tables that each exposure reads."""
    with duckdb.connect() as con:
        beside = {name for query in page.QUERIES for name in con.get_table_names(query)}
    return {
        "report": beside | {table for figure in FIGURES for table in figure.tables},
        "exports": {path.stem for layer in PUBLISHED for path in (project / "models" / layer).glob("*.sql")},
    }


def filled(text: str, tables: Mapping[str, set[str]]) -> str:
    """The text of an exposures file with the `depends_on` of every exposure filled.

    Raises:
        KeyError: if nothing is known of an exposure.
    """
    parts = re.split(r"(?m)^(  - name: (\w+)\n)", text)
    written = parts[0]
    for head, name, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        refs = "".join(f"      - ref('{table}')\n" for table in sorted(tables[name]))
        written += head + re.sub(r"(?m)^    depends_on:.*\n(      .*\n)*", f"    depends_on:\n{refs}", body)
    return written


def main() -> int:
    """Fill the file; say whether it has changed."""
    before = EXPOSURES.read_text(encoding="utf-8")
    after = filled(before, reads())
    if after != before:
        EXPOSURES.write_text(after, encoding="utf-8")
        sys.stdout.write(f"filled {EXPOSURES.relative_to(DBT_PROJECT_DIR.parent)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
