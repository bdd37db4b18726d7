"""Is there anything new since the last publish? A run that finds nothing new stops there."""

from __future__ import annotations

import hashlib
from pathlib import Path

from warehouse.layout import DBT_PROJECT_DIR, Layout
from warehouse.parquet import atomic_path

_CODE = (".sql", ".yml", ".csv", ".md", ".py", ".j2", ".css", ".js")


def fingerprint(layout: Layout) -> str:
    """A hash over what the published files are made from: the raw layer's files, the SQL, and this package.

    Raw files are immutable, so their names, sizes and times stand for their content.
    """
    digest = hashlib.sha256()
    for folder in (layout.raw, layout.quarantine):
        for path in sorted(folder.rglob("*.parquet")):
            facts = path.stat()
            digest.update(f"{path.relative_to(layout.root)} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    for folder in (DBT_PROJECT_DIR, Path(__file__).parent):
        digest.update(code_fingerprint(folder, without=layout.root).encode())
    return digest.hexdigest()


def code_fingerprint(folder: Path, without: Path | None = None) -> str:
    """A hash over names and content of the code in a folder; `without` what lies below another one."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _CODE and path.is_file()):
        if without is None or not path.is_relative_to(without):
            digest.update(f"{path.relative_to(folder)} {len(content := path.read_bytes())}\n".encode() + content)
    return digest.hexdigest()


def is_published(layout: Layout) -> bool:
    """Whether the published file, the pictures and the report are made from what is there now."""
    mark = _mark(layout)
    there = layout.published_database.is_file() and layout.report.is_file() and layout.figures.is_dir()
    return there and mark.is_file() and mark.read_text(encoding="utf-8") == fingerprint(layout)


def mark_published(layout: Layout) -> None:
    """Remember what the published files were made from."""
    with atomic_path(_mark(layout)) as temporary:
        temporary.write_text(fingerprint(layout), encoding="utf-8")


def _mark(layout: Layout) -> Path:
    return layout.published_from
