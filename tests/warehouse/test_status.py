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


def test_usual_names_are_known_in_any_case(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "warehouse")
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    known = ("qwen3-1.7b", "GEMMA-3-4B-it", "openrouter/google/gemma-3-4b-it", "o4-mini-2025-04-16", "hf/Qwen/Qwen3-4b")
    unknown = ("somebody/qwen3-1.7b", "qwen3-1.7b-base")
    rows = [f"{model},q,{epoch},1" for epoch, model in enumerate((*known, *unknown), 1)]
    (tmp_path / "a.csv").write_text("\n".join(["model,q,epoch,score", *rows]) + "\n")
    import_paths([tmp_path / "a.csv"], layout)
    told = describe(layout)
    assert all(f"  {model} (1 samples)" in told for model in unknown)
    assert not any(f"  {model} (" in told for model in known)


def test_ids_that_stand_for_several_questions_are_listed(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "warehouse")
    mapping = "task: {value: quiz}\nmodel: {value: m}\nitem: q\nquestion: asked\ntarget: gold\nanswer: said\n"
    (tmp_path / "mapping.yaml").write_text(mapping)
    (tmp_path / "a.csv").write_text("q,asked,gold,said\n1,One?,x,x\n2,Two?,y,y\n3,Three?,z,z\n")
    (tmp_path / "b.csv").write_text("q,asked,gold,said\n1,Two?,y,y\n2,Two again?,y,y\n3,Three?,z,z\n")
    import_paths([tmp_path / "a.csv", tmp_path / "b.csv"], layout)
    assert (
        "  quiz: 1 stand for several questions (told apart as id#key), "
        "1 have one answer key and several wordings (one item each)"
    ) in describe(layout)
