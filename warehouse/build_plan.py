"""Which tables a build has to make, and why, for people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from warehouse.built_from import Inputs, last_built
from warehouse.layout import Layout

_POOLS = re.compile(r"(?P<changed>\d+) of (?P<all>\d+) pools")
"""What `dbt/materializations/per_pool.sql` says of a table."""


@dataclass(frozen=True)
class Plan:
    """What dbt is asked for.

    Attributes:
        arguments: of dbt's command; None where there is nothing to build.
        why: the reason, as the beginning of a sentence.
    """

    arguments: Sequence[str] | None
    why: str


def plan_build(layout: Layout, now: Inputs, *, select: str | None, full: bool, unit_tests: bool) -> Plan:
    """Compare what the tables were built from with what is there now."""
    if select:
        return Plan(["--select", *select.split(), *(["--full-refresh"] if full else [])], f"built: {select}")
    if full:
        return Plan(["--full-refresh"], "everything was built, as --full asks")
    before = last_built(layout)
    if before is None:
        return Plan([], f"everything was built: {_why_unknown(layout)}")
    since = f"since the build of {before.at:%Y-%m-%d %H:%M} UTC"
    if before.inputs.code != now.code:
        return Plan([], f"everything was built: the project, or a version of what runs it, is another {since}")
    changed = [table for table in now.files if now.files[table] != before.inputs.files.get(table)]
    if unit_tests:
        return Plan([], f"every table and test {since}")
    if not changed:
        return Plan(None, f"nothing has changed {since}; --full builds everything anyway")
    sources = [f"source:raw.{table}+" for table in changed]
    return Plan(["--select", *sources], f"built what depends on raw {', '.join(changed)}, changed {since}")


def _why_unknown(layout: Layout) -> str:
    if not layout.build_database.is_file():
        return "nothing was before"
    return "the last build did not finish" if layout.unfinished_build.exists() else "the last build left no record"


def pools_told(results: Sequence[Mapping[str, Any]]) -> str:
    """How many pools the models of single pools were computed for; nothing where it was all of them."""
    told = [found for result in results if (found := _POOLS.fullmatch(str(result.get("message"))))]
    most = max(told, key=lambda found: int(found["changed"]), default=None)
    if most is None or most["changed"] == most["all"]:
        return ""
    return f"; {most['changed']} of {most['all']} pools changed, and {len(told)} models were computed for those alone"
