"""The promises that the layout of the project makes."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

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


WORDS_OF_THE_PAPER = (
    "accuracy_by_model_scale",
    "answer_changes",
    "bias_vs_variance",
    "embedding_variance",
    "ensembling",
    "format_failures",
    "incoherence_by_model_scale",
    "incoherence_by_reasoning_budget",
    "incoherence_by_reasoning_length",
    "length_and_scale_regression",
    "natural_overthinking",
    "reasoning_length_correlation",
    "sample_efficiency",
    "survey",
    "synthetic_by_scale",
    "synthetic_by_step",
    "synthetic_trajectories",
    "transcripts",
    "wait_ratio",
)
"""Its analyses, by name."""

DECOMPOSITIONS = ("kl", "brier", "zero_one", "coverage", "score", "embedding")


@pytest.mark.parametrize("word", WORDS_OF_THE_PAPER)
def test_a_newcomer_finds_the_words_of_the_paper_by_the_names_of_files(word: str) -> None:
    table = ROOT / "dbt" / "models" / "figures" / f"fig_{word}"
    assert table.with_suffix(".sql").exists() and table.with_suffix(".yml").exists()
    assert (ROOT / "warehouse" / "figures" / f"{word}.py").exists()
    # What it is about and in which table: among the analyses, or with the optimizer.
    assert any(word in (ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("analyses.md", "synthetic.md"))


@pytest.mark.parametrize("word", DECOMPOSITIONS)
def test_a_newcomer_finds_the_decompositions_by_the_names_of_files(word: str) -> None:
    assert list((ROOT / "dbt" / "models" / "intermediate" / "items").glob(f"int_item_{word}.sql"))


def test_no_merge_was_left_unfinished() -> None:
    marks = ["git", "grep", "--name-only", "-E", "^(<{7} |>{7} )", "--", "."]
    assert subprocess.run(marks, cwd=ROOT, capture_output=True, text=True, check=False).stdout == ""
