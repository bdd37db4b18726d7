"""Public repeated runs: got over HTTP, checked, imported with the mapping of their layout; none of theirs is here."""

from __future__ import annotations

import csv
import hashlib
import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from dagster_project.cli import app
from ingestion import public_runs
from ingestion.public_runs import MAPPINGS, PublicRunsError, catalogue, find, get
from warehouse.layout import Layout
from warehouse.raw import connect_raw

SECRET = "Which product forms when the planted question is asked"


def hints(*, hinted: bool) -> bytes:
    """Two questions of that set's layout: number 0 is one of GPQA's, number 2 one of MMLU's."""
    answers = [{"sample": n, "answer": "ABC"[n], "correct": n == 1, "followed_hint": n == 0} for n in range(3)]
    rows = [
        {
            "question_idx": number,
            "question": SECRET,
            "correct_answer": "B",
            "hint_answer": "A",
            "answers": answers,
            "correct_rate": 1 / 3,
        }
        for number in (0, 2)
    ]
    return json.dumps({"grader": rows, "sycophancy": rows} if hinted else rows).encode()


def stability() -> bytes:
    """An archive of two runs of one task."""
    options = {"answer_schema": {"schema": {"properties": {"Answer": {"enum": ["A", "B"]}}}}}
    config = json.dumps(options | {"temperature": 0.0, "system": "Answer."})
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for run in range(2):
            text = io.StringIO()
            row = {"rubric_id": "q1", "response": '{"Answer":"A"}', "gt": "(A)", "run": run, "task": "navigate"}
            row |= {"model": "gpt-4o", "model_config": config, "rubric": json.dumps({"input": "Left or right?"})}
            row |= {"task_config": json.dumps({"prompt_type": "v2", "shots": "few"})}
            writer = csv.DictWriter(text, row)
            writer.writeheader()
            writer.writerow(row)
            content = text.getvalue().encode()
            member = tarfile.TarInfo(f"runs/gpt-4o_OAI-0.0-navigate-few-{run}.csv")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


def trajectories() -> bytes:
    trial = {"task_id": 3, "reward": 1.0, "info": {"task": {"instruction": "book a flight"}}}
    steps = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "done"}]
    return json.dumps([trial | {"trial": number, "traj": steps} for number in range(4)]).encode()


CONTENTS = {
    "baseline_haiku-4.5.json": hints(hinted=False),
    "hinted_haiku-4.5.json": hints(hinted=True),
    "runs.tgz": stability(),
    "gpt-4o-airline.json": trajectories(),
}
SETS = {"hints": (0, 1), "stability": (2,), "tau": (3,)}
SAMPLES = {"hints": 18, "stability": 2, "tau": 4}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A server on 127.0.0.1 that has such files, and a catalogue that names them; yields what was asked of it."""
    paths: list[str] = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            content = CONTENTS.get(self.path.strip("/"))
            self.send_response(404 if content is None else 200)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: Any) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    mappings = ("hints_baseline.yaml", "hints_hinted.yaml", "answers_csv.yaml", "tau_bench.yaml")
    files = [
        {"path": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), "mapping": mapping}
        for (name, content), mapping in zip(CONTENTS.items(), mappings, strict=True)
    ]
    told = dict.fromkeys(("title", "design", "licence", "page"), "made by a test")
    base = f"http://127.0.0.1:{server.server_port}/"
    entries = {name: told | {"base": base, "files": [files[n] for n in which]} for name, which in SETS.items()}
    entries["gone"] = told | {"base": base, "files": [files[0] | {"path": "nowhere.json"}]}
    entries["changed"] = told | {"base": base, "files": [files[0] | {"sha256": "0" * 64}]}
    path = tmp_path / "catalogue.yaml"
    path.write_text(yaml.safe_dump(entries))
    monkeypatch.setattr(public_runs, "CATALOGUE", path)
    yield paths
    server.shutdown()


def test_each_layout_is_got_checked_and_imported_once(asked: list[str], tmp_path: Path) -> None:
    layout = Layout(tmp_path / "warehouse")
    for name, n_samples in SAMPLES.items():
        summaries = get(find(name), layout)
        assert [summary.n_quarantined for summary in summaries] == [0] * len(summaries), summaries
        assert sum(summary.n_samples for summary in summaries) == n_samples
    assert len(asked) == len(CONTENTS)
    for name in SAMPLES:
        assert sum(summary.n_samples for summary in get(find(name), layout)) == 0
    assert len(asked) == len(CONTENTS), "what is there is not asked for again"
    with connect_raw(layout) as con:
        tasks = con.execute("select distinct task from raw.samples order by all").fetchall()
    assert [task for (task,) in tasks] == ["gpqa_hints", "mmlu_hints", "navigate", "tau_bench_airline"]
    kept = [path for path in layout.root.rglob("*.parquet") if SECRET.encode() in path.read_bytes()]
    assert not kept, "the questions are not taken over"


@pytest.mark.parametrize(("name", "why"), [("gone", "404"), ("changed", "SHA-256")])
def test_what_cannot_be_had_is_said_and_imports_nothing(asked: list[str], tmp_path: Path, name: str, why: str) -> None:
    layout = Layout(tmp_path / "warehouse")
    with pytest.raises(PublicRunsError, match=why):
        get(find(name), layout)
    assert asked and not list(layout.root.rglob("*.json"))


def test_the_command(asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_ROOT", str(tmp_path / "warehouse"))
    command = CliRunner()
    assert "stability" in command.invoke(app, ["public", "list"]).stdout
    assert "4 new samples of tau" in command.invoke(app, ["public", "get", "tau"]).stdout
    unknown = command.invoke(app, ["public", "get", "tua"])
    assert unknown.exit_code == 1 and "hints, stability, tau" in unknown.stderr
    assert asked == ["/gpt-4o-airline.json"]


def test_the_catalogue_is_whole() -> None:
    for name, runs in catalogue().items():
        assert runs.name == name and runs.licence and runs.page.startswith("https://")
        assert len({file.name for file in runs.files}) == len(runs.files), "they are kept in one folder"
        for file in runs.files:
            assert len(file.sha256) == 64 and file.n_bytes > 0
            assert file.mapping.parent == MAPPINGS and file.mapping.is_file()
