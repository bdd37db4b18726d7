"""Which of the project's modules imports which, TYPE_CHECKING and imports inside functions included."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("dagster_project", "ingestion", "synthetic", "warehouse")


def module_files() -> dict[str, Path]:
    """Every module of the project by its dotted name; a package by its own."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }


def module_graph() -> dict[str, set[str]]:
    """For each module those that it names in an import statement."""
    files = module_files()
    return {module: set(_imported(path, files)) - {module} for module, path in files.items()}


def _imported(path: Path, files: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in files)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if f"{node.module}.{alias.name}" in files:
                    yield f"{node.module}.{alias.name}"
                elif node.module in files:
                    yield node.module


def reached(graph: Mapping[str, Set[str]], module: str) -> set[str]:
    """Modules that a module imports, directly or through others."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        for other in graph[waiting.pop()] - found:
            found.add(other)
            waiting.append(other)
    return found


def circles(graph: Mapping[str, Set[str]]) -> list[list[str]]:
    """Groups of modules that import each other."""
    below = {module: reached(graph, module) for module in graph}
    groups = {tuple(sorted({other for other in below[m] if m in below[other]})) for m in graph if m in below[m]}
    return [list(group) for group in sorted(groups)]
