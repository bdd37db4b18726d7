from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from warehouse.layout import PROJECT_ROOT, Layout

SHARED_LOGS = PROJECT_ROOT.parent / "shared" / "data" / "eval_logs"


def rows(layout: Layout, table: str) -> list[dict[str, Any]]:
    """Every row of a raw table, read file by file."""
    found = sorted(layout.raw_table(table).rglob("*.parquet"))
    return [row for path in found for row in pq.read_table(path, partitioning=None).to_pylist()]


def files(layout: Layout) -> dict[str, bytes]:
    """Every file of the warehouse with its bytes."""
    return {str(path.relative_to(layout.root)): path.read_bytes() for path in layout.root.rglob("*") if path.is_file()}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "warehouse")


@pytest.fixture(scope="session")
def shared_logs() -> Path:
    if not SHARED_LOGS.is_dir():
        pytest.skip(f"no shared logs at {SHARED_LOGS}")
    return SHARED_LOGS
