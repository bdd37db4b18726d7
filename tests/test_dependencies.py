"""What is installed: declared, pinned with its hashes, and allowed on every Python that the project allows."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"dagster_project", "ingestion", "synthetic", "warehouse"}
PARTS = {"pydantic-core"}
"""What a declared dependency names in its own interface."""

FOR_DEVELOPERS = ROOT / "ingestion" / "logs" / "demo" / "make_demo_logs.py"
INSIDE_INSPECT = ROOT / "ingestion" / "sampling" / "agents" / "inspect_side.py"  # runs where inspect-ai is installed


def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def pins(name: str) -> dict[str, str]:
    """Normalized name → version."""
    found = re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    return {str(canonicalize_name(package)): version for package, version in found}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found - PACKAGES - sys.stdlib_module_names


def test_every_dependency_is_pinned_with_its_hashes() -> None:
    constraints, product, tools = pins("constraints.txt"), pins("requirements.txt"), pins("requirements-dev.txt")
    spark = pins("requirements-spark.txt")
    assert product.items() | tools.items() | spark.items() <= constraints.items(), "run .ci/lock.py"
    extras = project()["optional-dependencies"]
    without_hashes = {"torch": constraints["torch"]}
    for listed, allowed in (
        (project()["dependencies"], product | without_hashes),
        (extras["dev"], product | tools),
        (extras["embeddings"], constraints),
        (extras["spark"], product | spark),
        (extras["s3"], product | tools),
    ):
        for requirement in map(Requirement, listed):
            pinned = allowed.get(str(canonicalize_name(requirement.name)))
            assert pinned and requirement.specifier.contains(pinned), f"{requirement}: run .ci/lock.py"


def test_every_pin_takes_every_python_that_the_project_does() -> None:
    """So a pin is never the reason why an allowed Python cannot install."""
    allowed = SpecifierSet(project()["requires-python"])
    pythons = [python for minor in range(9, 20) if allowed.contains(python := f"3.{minor}.0")]
    assert pythons[0] == "3.11.0"
    for name in pins("constraints.txt"):
        try:
            asked = importlib.metadata.metadata(name).get("Requires-Python")
        except importlib.metadata.PackageNotFoundError:  # of an extra that is not installed
            continue
        for python in pythons:
            assert SpecifierSet(asked or "").contains(python), f"{name} needs Python {asked}"


def test_every_import_is_of_a_declared_dependency() -> None:
    extras = project()["optional-dependencies"]
    lines = project()["dependencies"] + extras["embeddings"] + extras["spark"] + extras["s3"]
    declared = {canonicalize_name(Requirement(line).name) for line in lines}
    brought_by = importlib.metadata.packages_distributions()
    for package in PACKAGES:
        for path in set((ROOT / package).rglob("*.py")) - {FOR_DEVELOPERS, INSIDE_INSPECT}:
            for name in imported(path):
                brings = {canonicalize_name(found) for found in brought_by.get(name, [name])}
                assert brings & (declared | PARTS), f"{path.relative_to(ROOT)} imports {name}: declare it"
