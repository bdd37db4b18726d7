"""What `incoherence status` says of imported logs."""

from __future__ import annotations

from pathlib import Path

from ingestion.logs.importer import import_paths
from warehouse.layout import Layout
from warehouse.status import describe

MAPPING = "task: {value: quiz}\nmodel: model\nitem: q\nepoch: epoch\nscore: score\n"


def test_models_that_nobody_described_and_copies_are_listed(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "warehouse")
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    named = ("Qwen/Qwen3-8B", "vllm/Qwen/Qwen3-8B", "my-own", "my-own")
    rows = [f"{model},q,{epoch},1" for epoch, model in enumerate(named, 1)]
    for name, content in (("a.csv", rows), ("b.csv", [*rows, "my-own,q,5,0"])):
        (tmp_path / name).write_text("\n".join(["model,q,epoch,score", *content]) + "\n")
    import_paths([tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "mapping.yaml"], layout)
    told = describe(layout)
    assert "  my-own (5 samples)" in told
    assert "Qwen3-8B (" not in told  # the seeds know it, by its own name and by another
    assert "  4 superseded by later copies of the same samples" in told
    assert "quarantined: 1" in told and "mapping.yaml" in told


def test_an_empty_warehouse_says_what_to_do(tmp_path: Path) -> None:
    told = describe(Layout(tmp_path))
    assert "none yet; import a log" in told and "nothing yet" in told
    assert "models without a family" not in told
