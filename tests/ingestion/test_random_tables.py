"""Random repeated runs, written in every shape of table that is read: every sample is found again, or told of."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.logs.importer import import_paths
from tests.ingestion.conftest import rows
from warehouse.layout import Layout

Truth = dict[tuple[str, str, str, int], float]
"""(model, condition, item, epoch) → score."""


@dataclass
class Runs:
    """Repeated runs of a few models under a few conditions; some samples have no score."""

    truth: Truth = field(default_factory=dict)
    unscored: int = 0

    @classmethod
    def drawn(cls, generator: random.Random) -> Runs:
        runs = cls()
        n_epochs = generator.randint(2, 5)
        for model in ("m-1", "org/m 2"):
            for condition in ("plain", "hint; x"):
                for item in range(generator.randint(1, 4)):
                    for epoch in range(1, n_epochs + 1):
                        runs.truth[model, condition, f"q,{item}", epoch] = float(generator.choice((0, 1)))
        return runs

    def grouped(self) -> dict[tuple[str, str, str], list[float]]:
        groups: dict[tuple[str, str, str], list[float]] = {}
        for (model, condition, item, _), score in sorted(self.truth.items()):
            groups.setdefault((model, condition, item), []).append(score)
        return groups


KEYS = "task: {value: t}\nmodel: model\nitem: item\ncondition: {arm: arm}\n"
Written = tuple[str, bytes, str]
"""Name of the file, its content, its mapping."""


def long_rows(runs: Runs) -> list[dict[str, Any]]:
    return [
        {"model": model, "arm": arm, "item": item, "run": epoch, "score": int(score)}
        for (model, arm, item, epoch), score in runs.truth.items()
    ]


def as_lines(told: list[dict[str, Any]]) -> bytes:
    return "\n".join(map(json.dumps, told)).encode()


def as_csv(told: list[dict[str, Any]], delimiter: str) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(told[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(told)
    return file.getvalue().encode()


def jsonl(runs: Runs, generator: random.Random) -> Written:
    told = long_rows(runs)
    generator.shuffle(told)
    return "t.jsonl", as_lines(told), KEYS + "epoch: run\nscore: score\n"


def csv_of_any_delimiter(runs: Runs, generator: random.Random) -> Written:
    content = as_csv(long_rows(runs), generator.choice(",;\t|"))
    return "t.csv.gz", gzip.compress(content), KEYS + "epoch: run\nscore: score\n"


def parquet(runs: Runs, generator: random.Random) -> Written:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(long_rows(runs)), sink)
    return "t.parquet", sink.getvalue(), KEYS + "epoch: {field: run}\nscore: score\n"


def verdicts_in_words(runs: Runs, generator: random.Random) -> Written:
    words = {0: ("incorrect", "FAIL", "No", "False"), 1: ("Correct", "pass", "YES", "true")}
    told = [row | {"score": generator.choice(words[row["score"]])} for row in long_rows(runs)]
    return "t.csv", as_csv(told, ","), KEYS + "epoch: run\nscore: score\n"


def grades_on_a_scale(runs: Runs, generator: random.Random) -> Written:
    told = [row | {"score": 1 + 9 * row["score"]} for row in long_rows(runs)]
    return "t.jsonl", as_lines(told), KEYS + "epoch: run\nscore: {field: score, scale: [1, 10]}\n"


def k_in_a_row(runs: Runs, generator: random.Random) -> Written:
    told = [{"model": m, "arm": arm, "item": item, "s": found} for (m, arm, item), found in runs.grouped().items()]
    return "t.jsonl", as_lines(told), KEYS + "each: 's[*]'\nscore: each\n"


def parallel_lists(runs: Runs, generator: random.Random) -> Written:
    told = [
        {"model": m, "arm": arm, "item": item, "s": found, "x": {"y": ["A" if score else "B" for score in found]}}
        for (m, arm, item), found in runs.grouped().items()
    ]
    mapping = KEYS + "each: {a: 'x.y[*]', s: 's[*]'}\nn_choices: {value: 2}\ntarget: {value: A}\nanswer: each.a\n"
    return "t.jsonl", as_lines(told), mapping + "epoch: {field: each_key, add: 1}\n"


def wide_columns(runs: Runs, generator: random.Random) -> Written:
    n_columns = max(map(len, runs.grouped().values()))
    told = [
        {"model": m, "arm": arm, "item": item}
        | {f"run{n + 1}": found[n] if n < len(found) else "" for n in range(n_columns)}
        for (m, arm, item), found in runs.grouped().items()
    ]
    return "t.csv", as_csv(told, ","), KEYS + "each: {columns: 'run(\\d+)'}\nepoch: each_key\nscore: each\n"


def keys_as_values(runs: Runs, generator: random.Random) -> Written:
    told: dict[str, Any] = {}
    for (model, arm, item), found in runs.grouped().items():
        told.setdefault("by", {}).setdefault(model, {}).setdefault(arm, {})[item] = found
    return "t.json", json.dumps(told).encode(), "rows: 'by.{model}.{arm}.{item}[*]'\n" + KEYS + "score: value\n"


def event_log(runs: Runs, generator: random.Random) -> Written:
    told: list[dict[str, Any]] = []
    for row in long_rows(runs):
        told.append({"type": "sampling", "data": {"text": "…"}})
        told.append({"type": "match", "data": row})
    mapping = KEYS.replace(": model", ": data.model").replace("item: item", "item: data.item")
    mapping = mapping.replace("arm: arm", "arm: data.arm") + "where: {type: [match, Match]}\n"
    return "t.jsonl", as_lines([{"spec": 1}, *told]), mapping + "epoch: data.run\nscore: data.score\n"


def statistics_by_name(runs: Runs, generator: random.Random) -> Written:
    told = []
    for row in long_rows(runs):
        stats = [{"name": {"name": "em"}, "mean": row["score"]}, {"name": {"name": "n"}, "mean": 0.5}]
        generator.shuffle(stats)
        told.append({**row, "score": None, "stats": stats})
    return (
        "t.json",
        json.dumps({"all": told}).encode(),
        ("rows: all\n" + KEYS + "epoch: run\nscore: 'stats[name.name=em].mean'\n"),
    )


SHAPES: list[Callable[[Runs, random.Random], Written]] = [
    jsonl,
    csv_of_any_delimiter,
    parquet,
    verdicts_in_words,
    grades_on_a_scale,
    k_in_a_row,
    parallel_lists,
    wide_columns,
    keys_as_values,
    event_log,
    statistics_by_name,
]


def tables(folder: Path, seed: int) -> tuple[int, list[Path]]:
    """The same runs in every shape, each with its mapping beside it; how many samples they hold, and the files."""
    runs = Runs.drawn(random.Random(seed))
    found = []
    for shape in SHAPES:
        name, content, mapping = shape(runs, random.Random(seed))
        path = folder / shape.__name__ / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        path.with_name(f"{name}.mapping.yaml").write_text(mapping)
        found.append(path)
    return len(runs.truth), found


def found_in(layout: Layout) -> dict[tuple[str, str, str, int], float | None]:
    arms = {row["condition_id"]: json.loads(row["settings"])["arm"] for row in rows(layout, "conditions")}
    return {
        (s["model_id"], arms[s["condition_id"]], s["item_id"], s["epoch"]): s["score"] for s in rows(layout, "samples")
    }


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_every_sample_is_found(
    tmp_path: Path, layout: Layout, shape: Callable[[Runs, random.Random], Written], seed: int
) -> None:
    generator = random.Random(f"{shape.__name__} {seed}")
    runs = Runs.drawn(generator)
    name, content, mapping = shape(runs, generator)
    (tmp_path / name).write_bytes(content)
    (tmp_path / "m.yaml").write_text(mapping)
    summary = import_paths([tmp_path / name], layout, mapping=tmp_path / "m.yaml")
    assert summary.n_quarantined == 0, summary.reports
    assert found_in(layout) == runs.truth


@pytest.mark.parametrize("seed", range(6))
def test_what_is_damaged_is_told_of_and_the_rest_is_found(tmp_path: Path, layout: Layout, seed: int) -> None:
    generator = random.Random(seed)
    runs = Runs.drawn(generator)
    told = long_rows(runs)
    n_lost = n_unscored = 0
    for row in told:
        match generator.choice(["fine"] * 6 + ["no item", "list", "no score", "odd"]):
            case "no item":
                row["item"] = None
                n_lost += 1
            case "list":
                row["score"] = [row["score"], 0]
                n_lost += 1
            case "odd":
                row["score"] = "perhaps"
                n_unscored += 1
            case "no score":
                row["score"] = None
                n_unscored += 1
    (tmp_path / "t.jsonl").write_bytes(as_lines(told))
    (tmp_path / "m.yaml").write_text(KEYS + "epoch: run\nscore: score\n")
    (report,) = import_paths([tmp_path / "t.jsonl"], layout, mapping=tmp_path / "m.yaml").reports
    assert (report.n_samples, report.n_quarantined) == (len(told) - n_lost, n_lost)
    found = found_in(layout)
    scored = {key: score for key, score in found.items() if score is not None}
    assert scored == {key: runs.truth[key] for key in scored}
    assert len(found) - len(scored) == n_unscored
    assert n_unscored == 0 or f"{n_unscored} of {len(found)} samples have no score" in report.message
