"""The promises that the layout of the project makes."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.module_graph import ROOT, circles, module_files, module_graph

MAY_IMPORT = {
    "warehouse": {"warehouse"},
    "ingestion": {"ingestion", "warehouse"},
    "synthetic": {"synthetic", "warehouse"},
    "dagster_project": {"dagster_project", "ingestion", "synthetic", "warehouse"},
}
LOCAL_PROVIDER = "ingestion/sampling/providers/local.py"
"""The one module of `ingestion` that may import `synthetic`."""


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_only_what_lies_below_them(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    for path in files:
        allowed = MAY_IMPORT[package] | ({"synthetic"} if str(path.relative_to(ROOT)) == LOCAL_PROVIDER else set())
        ours = imported(path) & (set(MAY_IMPORT) | {"tests", "benchmarks"})
        assert ours <= allowed, f"{path.relative_to(ROOT)} imports {sorted(ours - allowed)}"
        if package != "dagster_project":
            assert not imported(path) & {"dagster", "dagster_dbt"}, f"{path} must work without the orchestrator"


def test_no_modules_import_each_other() -> None:
    assert circles(module_graph()) == [], "TYPE_CHECKING and imports inside functions count"


LONGEST_FUNCTION = 60
"""Lines. A longer one says why in a comment `# long: …` on its first line; ruff (C901) holds complexity at 15."""


def test_no_function_is_long_without_a_reason() -> None:
    for path in module_files().values():
        text = path.read_text(encoding="utf-8")
        lines = text.split("\n")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                n_lines = int(node.end_lineno or 0) - node.lineno + 1
                where = f"{path.relative_to(ROOT)}:{node.lineno}: {node.name} has {n_lines} lines"
                head = lines[node.lineno - 1 : node.body[0].lineno]
                assert n_lines <= LONGEST_FUNCTION or any("# long: " in line for line in head), where


def test_nothing_unpickles() -> None:
    for package in MAY_IMPORT:
        for path in (ROOT / package).rglob("*.py"):
            assert not imported(path) & {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}, path


def test_dbt_folder_is_no_package() -> None:
    assert not (ROOT / "dbt" / "__init__.py").exists(), "it would shadow dbt-core: `python -m …` finds no dbt.cli"


def pins(name: str) -> dict[str, str]:
    """Normalized name → version."""
    found = re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in found}


def test_every_dependency_is_pinned_with_its_hashes() -> None:
    constraints, product = pins("constraints.txt"), pins("requirements.txt")
    tools = pins("requirements-dev.txt")
    assert constraints == {"torch": constraints["torch"], **product, **tools}, "run .ci/lock.py"
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [name for extra in config["optional-dependencies"].values() for name in extra]
    for listed, allowed in ((config["dependencies"], product), (extras, product | tools)):
        for requirement in map(Requirement, listed):
            name = canonicalize_name(requirement.name)
            assert name == "torch" or requirement.specifier.contains(allowed[name]), f"{requirement}: run .ci/lock.py"


def test_every_pin_takes_every_python_that_the_project_does() -> None:
    """So a constraint is never the reason why an allowed Python cannot install."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pythons = [
        f"3.{minor}.0" for minor in range(9, 20) if SpecifierSet(config["requires-python"]).contains(f"3.{minor}.0")
    ]
    assert pythons[0] == "3.11.0"
    for name in pins("constraints.txt"):
        try:
            asked = importlib.metadata.metadata(name).get("Requires-Python")
        except importlib.metadata.PackageNotFoundError:  # for another system
            continue
        for python in pythons:
            assert SpecifierSet(asked or "").contains(python), f"{name} needs Python {asked}"


def test_every_import_is_of_a_declared_dependency() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {canonicalize_name(Requirement(listed).name) for listed in config["dependencies"]}
    optional = {canonicalize_name(Requirement(listed).name) for listed in config["optional-dependencies"]["embeddings"]}
    brought_by = importlib.metadata.packages_distributions()
    for package in MAY_IMPORT:
        for path in (ROOT / package).rglob("*.py"):
            for name in imported(path) - set(MAY_IMPORT) - sys.stdlib_module_names:
                brings = {canonicalize_name(found) for found in brought_by.get(name, [name])}
                assert brings & (declared | optional), f"{path.relative_to(ROOT)} imports {name}"
