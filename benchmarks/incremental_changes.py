"""A small warehouse with rows in every table; what becomes of its raw files, and of the project, between two builds."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.dbt.covering import covering_rows, write_covering
from warehouse.layout import PROJECT_ROOT, Layout
from warehouse.schemas import RAW_TABLES

PACKAGES = ("benchmarks", "dagster_project", "ingestion", "synthetic", "tests", "warehouse", "dbt")
OTHER_VARIABLES = {"kl_delta: 1e-12": "kl_delta: 1e-6", "cluster: none": "cluster: subject"}
"""As the project has them, and as a user may set them."""


def write_base(layout: Layout) -> None:
    """The raw tables from which every change starts."""
    evals, synthetic = covering_rows()
    write_covering(layout, evals, synthetic)


def more_arrives(layout: Layout) -> None:
    """A pool that was not there, more samples of one that was, and embeddings of an essay that had none."""
    first, second, *_ = _files(layout, "samples")
    table = _read(first, "samples")
    _write(_with(_renamed(table, "a new model's"), "model_id", "new"), first.with_name("new.parquet"))
    more = _read(second, "samples").slice(0, 12)
    later = _with(_renamed(more, "later"), "epoch", pc.add(more["epoch"], 50))
    _write(later, second.with_name("later.parquet"))


def some_is_replaced(layout: Layout) -> None:
    """Files written anew: fewer samples, another order of the same, a test reported no more, another right answer."""
    first, second, third, *_ = _files(layout, "samples")[5:]
    _rewrite(first, "samples", lambda table: table.filter(pc.greater(table["epoch"], 1)))
    for path in (second, third):
        _rewrite(path, "samples", _in_another_order)
    outcomes = next(path for path in _files(layout, "test_outcomes") if "repair" in str(path))
    _rewrite(outcomes, "test_outcomes", lambda table: table.filter(pc.not_equal(table["test_name"], "t1")))
    items = next(path for path in _files(layout, "items") if "study" in str(path))
    _rewrite(items, "items", lambda table: _with(table, "target_index", pc.bit_wise_xor(table["target_index"], 1)))


def some_is_gone(layout: Layout) -> None:
    """A pool's only file, a model's rollouts, and vectors of some essays."""
    _files(layout, "samples")[-1].unlink()
    _files(layout, "synthetic_rollouts")[-1].unlink()
    _rewrite(_files(layout, "embeddings")[0], "embeddings", lambda table: table.slice(len(table) // 3))


CHANGES: Mapping[str, Callable[[Layout], None]] = {
    "added": more_arrives,
    "replaced": some_is_replaced,
    "deleted": some_is_gone,
}


def project_with_other_variables(folder: Path) -> Path:
    """A copy of the project, in which dbt's variables say something else."""
    for package in PACKAGES:
        unwanted = shutil.ignore_patterns("__pycache__", "data", "results")
        shutil.copytree(PROJECT_ROOT / package, folder / package, ignore=unwanted)
    settings = folder / "dbt" / "dbt_project.yml"
    text = settings.read_text(encoding="utf-8")
    for usual, other in OTHER_VARIABLES.items():
        assert usual in text, usual
        text = text.replace(usual, other)
    settings.write_text(text, encoding="utf-8")
    return folder


def _files(layout: Layout, table: str) -> list[Path]:
    return sorted(path for path in layout.raw_table(table).rglob("random.parquet"))


def _read(path: Path, table: str) -> pa.Table:
    return pq.read_table(path, partitioning=None, schema=RAW_TABLES[table].schema)


def _write(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path)


def _rewrite(path: Path, table: str, change: Callable[[pa.Table], pa.Table]) -> None:
    _write(change(_read(path, table)), path)


def _with(table: pa.Table, name: str, values: object) -> pa.Table:
    field = table.schema.field(name)
    column = pa.array([values] * len(table)) if isinstance(values, str) else values
    return table.set_column(table.schema.get_field_index(name), field, pc.cast(column, field.type))


def _renamed(table: pa.Table, word: str) -> pa.Table:
    """The samples as others: an id of its own for each."""
    return _with(table, "sample_id", pc.binary_join_element_wise(word, table["sample_id"], " "))


def _in_another_order(table: pa.Table) -> pa.Table:
    return table.take(np.random.default_rng(1).permutation(len(table)))
