"""A run that was retried by Inspect itself: a sample that both logs hold is one sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inspect_ai import Task, eval_retry, task
from inspect_ai.log import read_eval_log, write_eval_log

from ingestion.logs.importer import import_paths
from tests.ingestion.conftest import rows
from tests.ingestion.inspect_runs import mcq_task, run_inspect
from warehouse.layout import Layout


def test_an_edited_copy_keeps_every_sample_s_id(tmp_path: Path, layout: Layout) -> None:
    log = run_inspect(tmp_path / "one", mcq_task({"q": ["ANSWER: A", "ANSWER: B"]}))
    edited = read_eval_log(str(log))
    edited.samples[0].scores["choice"].value = "I"  # type: ignore[index]
    copy = tmp_path / "two" / "edited.eval"
    write_eval_log(edited, str(copy))
    assert import_paths([log, copy], layout).count("imported") == 2
    samples = rows(layout, "samples")
    assert len(samples) == 4
    assert len({sample["sample_id"] for sample in samples}) == 2
    latest: dict[str, Any] = {}
    for sample in sorted(samples, key=lambda sample: sample["ingested_at"]):
        latest[sample["sample_id"]] = sample
    assert sorted(sample["score"] for sample in latest.values()) == [0.0, 0.0]
    assert sorted(sample["score"] for sample in samples) == [0.0, 0.0, 0.0, 1.0]


@task
def flaky_colours() -> Task:
    return mcq_task({"good": ["", ""], "bad": ["", ""]})[0]


def test_a_retry_keeps_the_id_of_what_was_done(tmp_path: Path, layout: Layout) -> None:
    answers = {"good": ["ANSWER: A", "ANSWER: B"], "bad": ["ANSWER: C", RuntimeError("down")]}
    log = run_inspect(tmp_path, (flaky_colours(), answers), fail_on_error=True, max_samples=1)
    (retried,) = eval_retry(read_eval_log(str(log)), log_dir=str(tmp_path), display="none", log_level="error")
    first, second = read_eval_log(str(log)), read_eval_log(retried.location)
    assert first.status == "error"
    done = {str(sample.uuid) for sample in first.samples or [] if sample.error is None}
    again = {str(sample.uuid) for sample in second.samples or []}
    assert done
    assert done <= again  # Inspect copies what was done, uuid and all
    import_paths([log, Path(retried.location)], layout)
    by_ref: dict[str, list[str]] = {}
    for sample in rows(layout, "samples"):
        by_ref.setdefault(sample["source_ref"], []).append(sample["sample_id"])
    assert all(len(by_ref[ref]) == 2 and len(set(by_ref[ref])) == 1 for ref in done)
