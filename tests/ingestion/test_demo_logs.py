from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import ingestion
from ingestion.logs.importer import import_paths
from tests.ingestion.conftest import rows
from warehouse.layout import Layout

DEMO_LOGS = Path(ingestion.__file__).parent / "logs" / "demo"


def test_the_demonstration_logs_load_whole_and_say_that_they_are_simulated(layout: Layout) -> None:
    summary = import_paths([DEMO_LOGS], layout)
    assert [report.outcome for report in summary.reports] == ["imported"] * 4
    assert summary.n_quarantined == 0
    samples = rows(layout, "samples")
    drawn = Counter((sample["model_id"].removeprefix("mockllm/"), sample["condition_id"][:6]) for sample in samples)
    assert drawn == {
        ("simulated-small", "choice"): 900,
        ("simulated-medium", "choice"): 900,
        ("simulated-large", "choice"): 900,
        ("simulated-large", "probab"): 600,
    }
    assert {sample["task"] for sample in samples} == {"simulated_mcq"}
    assert all(model["is_simulated"] for model in rows(layout, "models"))
    assert {sample["status"] for sample in samples} == {"ok", "format_failure"}
    assert sum(sample["status"] == "format_failure" for sample in samples) < 50
    assert all(sample["reasoning_tokens"] > 0 for sample in samples)
    assert {condition["condition_label"] for condition in rows(layout, "conditions")} == {
        "choice · T 1.0",
        "probability · T 1.0",
    }


def test_the_demonstration_logs_stay_small() -> None:
    sizes = [path.stat().st_size for path in DEMO_LOGS.glob("*.eval")]
    assert max(sizes) < 700_000
    assert sum(sizes) < 2_500_000


def test_importing_needs_no_inspect() -> None:
    for path in [
        p
        for p in Path(ingestion.__file__).parent.rglob("*.py")
        if "demo" not in p.parts and p.name != "inspect_side.py"
    ]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] == "inspect_ai" for name in names), path
