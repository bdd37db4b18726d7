"""Tables of any kind through a mapping: real repeated runs, and small files for each rule."""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.logs.importer import import_paths
from ingestion.logs.table.mapping_file import SHIPPED, MappingError, load_mapping
from ingestion.logs.table.paths import MISSING, lookup, lookup_all
from ingestion.logs.table.sniff import propose
from tests.ingestion.conftest import SHARED_LOGS, files, rows
from warehouse.layout import Layout

RUNS = SHARED_LOGS.parent / "repeated_runs"

LETTERS = """
task: {value: quiz}
model: {value: m}
item: q
epoch: run
n_choices: {value: 4}
target: gold
answer: said
"""


def table(folder: Path, content: str, mapping: str, name: str = "runs.csv") -> tuple[Path, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    path, mapping_path = folder / name, folder / "map.yaml"
    path.write_text(content)
    mapping_path.write_text(mapping)
    return path, mapping_path


def load(layout: Layout, folder: Path, content: str, mapping: str, name: str = "runs.csv") -> list[dict[str, Any]]:
    path, mapping_path = table(folder, content, mapping, name)
    summary = import_paths([path], layout, mapping=mapping_path)
    assert not summary.has_refused, summary.reports
    return sorted(rows(layout, "samples"), key=lambda sample: (sample["item_id"], sample["epoch"]))


def refusal(layout: Layout, folder: Path, content: str, mapping: str, name: str = "runs.csv") -> str:
    path, mapping_path = table(folder, content, mapping, name)
    (report,) = import_paths([path], layout, mapping=mapping_path).reports
    assert report.outcome == "refused"
    return report.message


def test_trajectories_of_tau_bench(layout: Layout) -> None:
    path = RUNS / "tau_bench" / "gpt-4o-airline.json"
    if not path.is_file():
        pytest.skip("no shared runs")
    summary = import_paths([path], layout, mapping=SHIPPED / "tau_bench.yaml")
    assert (summary.n_samples, summary.n_quarantined) == (200, 0)
    found = {(sample["item_id"], sample["epoch"]): sample for sample in rows(layout, "samples")}
    told = json.loads(path.read_text())
    assert len(found) == len(told)
    for trial in told:
        sample = found[str(trial["task_id"]), trial["trial"] + 1]
        assert (sample["task"], sample["model_id"]) == ("tau_bench_airline", "gpt-4o")
        assert sample["score"] == trial["reward"]
        assert sample["n_actions"] == sum(message["role"] == "assistant" for message in trial["traj"])
    assert len(rows(layout, "items")) == 50


def test_answers_of_repeated_csv_runs(layout: Layout, tmp_path: Path) -> None:
    archive = RUNS / "llm_stability" / "strict_json_schema_runs.tgz"
    if not archive.is_file():
        pytest.skip("no shared runs")
    with tarfile.open(archive) as tar:
        members = [member for member in tar.getmembers() if "college_math" in member.name and member.isfile()]
        members += [member for member in tar.getmembers() if member.name.endswith("navigate-few-0.csv")]
        tar.extractall(tmp_path, members, filter="data")
    summary = import_paths([tmp_path], layout, mapping=SHIPPED / "answers_csv.yaml")
    assert (summary.count("imported"), summary.n_samples, summary.n_quarantined) == (6, 750, 0)
    samples = [sample for sample in rows(layout, "samples") if sample["task"] == "college_mathematics"]
    assert Counter(sample["epoch"] for sample in samples) == dict.fromkeys(range(1, 6), 100)
    assert {sample["status"] for sample in samples} == {"ok"}
    assert Counter(sample["answer"] for sample in samples if sample["epoch"] == 1) == {
        "B": 29,
        "C": 29,
        "A": 24,
        "D": 18,
    }
    assert {item["n_choices"] for item in rows(layout, "items")} == {4, 2}
    for sample in rows(layout, "samples"):
        if sample["task"] == "navigate":
            assert sample["completion"] == json.dumps(
                {"Answer": ["Yes", "No"][sample["choice_index"]]}, separators=(",", ":")
            )


def test_letters_scores_and_failures(tmp_path: Path, layout: Layout) -> None:
    content = "q,run,gold,said\na,1,B,B\na,2,B,ANSWER: (c)\na,3,B,no idea\na,4,B,\nb,1,D,d\n"
    samples = load(layout, tmp_path, content, LETTERS)
    assert [sample["choice_index"] for sample in samples] == [1, 2, None, None, 3]
    assert [sample["status"] for sample in samples] == ["ok", "ok", "format_failure", "format_failure", "ok"]
    assert [sample["score"] for sample in samples] == [1.0, 0.0, 0.0, 0.0, 1.0]
    items = {item["item_id"]: item for item in rows(layout, "items")}
    assert (items["a"]["target_index"], items["a"]["n_choices"], items["b"]["target_index"]) == (1, 4, 3)
    assert {sample["source"] for sample in samples} == {"table"}


@pytest.mark.parametrize("kind", ["jsonl", "json", "parquet", "tsv", "nested.json"])
def test_every_kind_of_table_gives_the_same_samples(tmp_path: Path, layout: Layout, kind: str) -> None:
    found = [{"q": "a", "run": 1, "gold": "B", "said": "B"}, {"q": "a", "run": 2, "gold": "B", "said": "ü A"}]
    path, mapping = tmp_path / f"runs.{kind}", tmp_path / "map.yaml"
    mapping.write_text(LETTERS + ("rows: results.rows\n" if kind == "nested.json" else ""))
    match kind:
        case "jsonl":
            path.write_text("\ufeff" + "\n\n".join(json.dumps(row) for row in found))
        case "json":
            path.write_text(json.dumps(found))
        case "nested.json":
            path.write_text(json.dumps({"results": {"rows": found}}))
        case "parquet":
            pq.write_table(pa.Table.from_pylist(found), path)
        case "tsv":
            path.write_text("q\trun\tgold\tsaid\n" + "".join("\t".join(map(str, row.values())) + "\n" for row in found))
    summary = import_paths([path], layout, mapping=mapping)
    assert summary.n_samples == 2, summary.reports
    samples = sorted(rows(layout, "samples"), key=lambda sample: sample["epoch"])
    assert [(s["epoch"], s["choice_index"], s["status"]) for s in samples] == [
        (1, 1, "ok"),
        (2, None, "format_failure"),
    ]
    assert samples[1]["completion"] == "ü A"


def test_probabilities_lengths_and_conditions(tmp_path: Path, layout: Layout) -> None:
    told = [
        {"p": [0.1, 0.9], "t": 1.0, "calls": [{"f": [1, 2]}, {"f": [3]}]},
        {"p": "<PROB>1, 3</PROB>", "t": "1", "calls": []},
        {"p": {"A": 0.5, "B": 0.5}, "t": 0.2, "calls": [{}]},
        {"p": [0.5, 0.6, 0.1], "t": 1, "calls": None},
        {"p": [-1, 2], "t": 1, "calls": None},
        {"p": "0.25, .75", "t": 1, "calls": None},
    ]
    mapping = """
    task: {value: t}
    model: {value: m}
    item: {value: one}
    n_choices: {value: 2}
    target: {value: 1, as: index}
    probabilities: p
    condition: {temperature: t, prompt: {value: v2}}
    n_actions: {count: "calls[*].f[*]"}
    output_tokens: {value: 7, times: 2, add: 1}
    """
    load(layout, tmp_path, "\n".join(map(json.dumps, told)), mapping, "runs.jsonl")
    conditions = {row["condition_id"]: row for row in rows(layout, "conditions")}
    assert {row["temperature"] for row in conditions.values()} == {1.0, 0.2}
    warm = [s for s in rows(layout, "samples") if conditions[s["condition_id"]]["temperature"] == 1.0]
    warm.sort(key=lambda sample: sample["epoch"])
    assert [s["class_probs"] for s in warm] == [[0.1, 0.9], [1.0, 3.0], None, None, [0.25, 0.75]]
    assert [s["status"] for s in warm] == ["ok", "ok", "format_failure", "format_failure", "ok"]
    assert [s["n_actions"] for s in warm] == [3, 0, 0, 0, 0]
    assert {s["output_tokens"] for s in warm} == {15}
    assert {row["prompt_format"] for row in conditions.values()} == {"probability"}


def test_numbers_texts_tests_and_statuses(tmp_path: Path, layout: Layout) -> None:
    told = [
        {
            "i": 1,
            "want": "42",
            "got": "42.0",
            "ok": {"t1": "PASSED", "t2": False},
            "why": None,
            "at": "2026-01-02T03:04:05Z",
        },
        {"i": 1, "want": "42", "got": "about 40", "ok": {"t1": "failed"}, "why": "timeout", "at": 1_767_323_045},
        {"i": 2, "want": "1e3", "got": None, "ok": {}, "why": "crash", "at": None},
    ]
    mapping = """
    task: {value: t}
    model: {file_name: "^(.*)_runs"}
    item: i
    answer: {field: got, as: number}
    target: want
    tests: {field: ok, fail_to_pass: f2p}
    status: {field: why, map: {timeout: limit, crash: error}}
    created_at: at
    """
    samples = load(layout, tmp_path, json.dumps([{**row, "f2p": ["t1"]} for row in told]), mapping, "gpt_runs.json")
    assert [s["status"] for s in samples] == ["ok", "limit", "error"]
    assert [s["score"] for s in samples] == [1.0, 0.0, 0.0]
    assert [s["epoch"] for s in samples] == [1, 2, 1]
    assert {s["model_id"] for s in samples} == {"gpt"}
    assert [str(s["created_at"]) for s in samples[:2]] == ["2026-01-02 03:04:05+00:00"] * 2
    outcomes = {(row["sample_id"], row["test_name"]): row for row in rows(layout, "test_outcomes")}
    first = samples[0]["sample_id"]
    assert (outcomes[first, "t1"]["passed"], outcomes[first, "t1"]["kind"]) == (True, "fail_to_pass")
    assert (outcomes[first, "t2"]["passed"], outcomes[first, "t2"]["kind"]) == (False, "other")


def test_two_tables_joined(tmp_path: Path, layout: Layout) -> None:
    (tmp_path / "questions.jsonl").write_text('{"id": 1, "gold": "B", "text": "Why?"}\n{"id": 2, "gold": "A"}\n')
    mapping = (
        LETTERS.replace("gold", "joined.gold")
        + "question: joined.text\njoin: {file: questions.jsonl, field: q, equals: id}"
    )
    path, mapping_path = table(tmp_path, "q,run,said\n1,1,B\n2,1,B\n3,1,B\n", mapping)
    (report,) = import_paths([path], layout, mapping=mapping_path).reports
    assert "1 rows have no partner" in report.message
    found = {sample["item_id"]: sample["score"] for sample in rows(layout, "samples")}
    assert found == {"1": 1.0, "2": 0.0, "3": None}
    # another second table makes it another import, under the same sample ids
    (tmp_path / "questions.jsonl").write_text('{"id": 1, "gold": "A", "text": "Why?"}\n{"id": 2, "gold": "A"}\n')
    assert import_paths([path], layout, mapping=mapping_path).count("imported") == 1
    assert len({sample["sample_id"] for sample in rows(layout, "samples")}) == 3
    (tmp_path / "questions.jsonl").write_text('{"id": 1}\n{"id": 1}\n')
    assert "occurs twice" in import_paths([path], layout, mapping=mapping_path).reports[0].message


def test_a_corrected_mapping_reads_again_and_leaves_nothing_old(tmp_path: Path, layout: Layout) -> None:
    path, mapping = table(tmp_path, "q,run,gold,said\na,1,B,B\n", LETTERS)
    import_paths([path], layout, mapping=mapping)
    before = files(layout)
    assert import_paths([path], layout, mapping=mapping).count("unchanged") == 1
    assert files(layout) == before
    mapping.write_text(LETTERS.replace("quiz", "exam"))
    assert import_paths([path], layout, mapping=mapping).count("imported") == 1
    assert [sample["task"] for sample in rows(layout, "samples")] == ["exam"]


def test_epochs_named_replace_and_epochs_counted_add(tmp_path: Path, layout: Layout) -> None:
    load(layout, tmp_path / "a", "q,run,gold,said\na,1,B,B\n", LETTERS)
    named = load(layout, tmp_path / "b", "q,run,gold,said\na,1,B,B\na,2,B,C\n", LETTERS)
    assert len({sample["sample_id"] for sample in named}) == 2  # the longer export replaces the shorter one
    counted = Layout(tmp_path / "other")
    mapping = LETTERS.replace("epoch: run\n", "")
    load(counted, tmp_path / "a", "q,gold,said\na,B,B\n", mapping)
    samples = load(counted, tmp_path / "b", "q,gold,said\na,B,B\na,B,C\n", mapping)
    assert [sample["epoch"] for sample in samples] == [1, 1, 2]
    assert len({sample["sample_id"] for sample in samples}) == 3


def test_bad_rows_are_quarantined_by_line_and_entry(tmp_path: Path, layout: Layout) -> None:
    content = "q,run,gold,said\na,1,B,B\n,1,B,B\na,zero,B,B\na,2,Z,B\na,1,B,C\nb,1,B\n"
    content += 'b,2,B,"two\nlines"\nb,0,B,B\nc,1,B,\udcff\n'
    path, mapping = table(tmp_path, "", LETTERS)
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    summary = import_paths([path], layout, mapping=mapping)
    reasons = {row["place"]: row["reason"] for row in rows(layout, "quarantine")}
    assert set(reasons) == {f"line {line}" for line in (3, 4, 5, 6, 7, 10, 11)}
    assert "item is empty" in reasons["line 3"]
    assert "epoch is 'zero'" in reasons["line 4"]
    assert "target is 'Z'" in reasons["line 5"]
    assert "more than once" in reasons["line 6"]
    assert "3 fields" in reasons["line 7"]
    assert "add: 1" in reasons["line 10"]
    assert "UTF-8" in reasons["line 11"]
    assert summary.n_samples == 2


@pytest.mark.parametrize(
    ("rest", "is_told"),
    [
        ('"gold": "B", "said": "B", "said": "C"', True),
        ('"gold": "B", "said" : "B", "said": "C"', True),
        ('"gold": "B", "said": "B", "more": [{"x": {"a": 1, "a": 2}}]', True),
        ('"gold": "B", "said": "B", "said": "B"', False),
        ('"gold": "B", "said": "B", "more": [{"a": "\\"b\\": 1"}, {"a": NaN, "b\\":": "\\u0022:"}]', False),
        ('"gold" :"B", "said"\t: "B"', False),
    ],
)
@pytest.mark.parametrize("name", ["runs.jsonl", "runs.json"])
def test_a_row_that_names_a_field_twice(tmp_path: Path, layout: Layout, rest: str, is_told: bool, name: str) -> None:
    content = [f'{{"q": "{item}", "run": 1, {rest}}}' for item in "ab"]
    content.append('{"q": "c", "run": 1, "gold": "B", "said": "B"}')
    text = "\n".join(content) if name == "runs.jsonl" else f"[{', '.join(content)}]"
    samples = load(layout, tmp_path, text, LETTERS, name)
    assert [sample["item_id"] for sample in samples] == (["c"] if is_told else ["a", "b", "c"])
    reasons = [row["reason"] for row in rows(layout, "quarantine")]
    assert [" twice, with different values; keep one" in reason for reason in reasons] == [True, True] * is_told


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        ("", "runs.csv", "empty file"),
        ("q,q\n1,2\n", "runs.csv", "twice"),
        ("q,run,gold,answer\na,1,B,B\n", "runs.csv", "answer is mapped to 'said', which is in no row"),
        ("q,run,gold,said\n", "runs.csv", "no row"),
        ("PAR1 no parquet", "runs.parquet", "Parquet"),
        ("{", "runs.json", "complete?"),
        ('{"q": "a", "q": "b"}', "runs.json", "names 'q' twice, with different values"),
        ("[" * 100_000, "runs.json", "nested too deeply"),
        ("x", "runs.xlsx", "rename"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    tmp_path: Path, layout: Layout, content: str, name: str, reason: str
) -> None:
    assert reason in refusal(layout, tmp_path, content, LETTERS, name)
    assert rows(layout, "samples") == []


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ("task: t\nmodel: m\nanswer: a\n", "map.yaml:1: item: is missing"),
        ("task: t\nmodel: m\nitem: i\nanser: a\n", "map.yaml:4: anser: there is no such entry; did you mean answer?"),
        (
            "task: t\nmodel: m\nitem: i\nanswer:\n  field: a\n  kindd: letter\n",
            "map.yaml:6: answer.kindd: there is no such",
        ),
        ("task: t\nmodel: m\nitem: i\n", "map at least one of answer"),
        ("task: {field: a, value: b}\nmodel: m\nitem: i\nscore: s\n", "map.yaml:1: task: give exactly one of"),
        ("task: t\nmodel: m\nitem: a..b\nscore: s\n", "map.yaml:3: item"),
        ("task: t\nmodel: m\nitem: i\nscore: {field: s, pattern: '('}\n", "is no pattern"),
        ("task: t\nmodel: m\nitem: i\nscore: {field: s, pattern: 'a'}\n", "brackets"),
        ("- a\n", "write fields: `name: field of the table`"),
        ("task: t\nmodel: m\nitem: i\nscore: s\nitem: j\n", "map.yaml:5: field 'item' is there twice, first on line 3"),
        ("a: [", "is no YAML"),
    ],
)
def test_a_mapping_that_is_not_valid_names_line_and_entry(tmp_path: Path, mapping: str, reason: str) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(mapping)
    with pytest.raises(MappingError) as error:
        load_mapping(path)
    assert reason in str(error.value)


def test_a_mapping_beside_a_table_is_found(tmp_path: Path, layout: Layout) -> None:
    path, mapping = table(tmp_path / "inbox", "q,run,gold,said\na,1,B,B\n", LETTERS)
    assert import_paths([path.parent], layout).passed_over == (path,)
    assert "--sniff runs.csv" in import_paths([path], layout).reports[0].message
    mapping.rename(mapping.with_name("runs.csv.mapping.yaml"))
    assert import_paths([path.parent], layout).n_samples == 1


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.name)
def test_the_shipped_mappings_are_valid(path: Path) -> None:
    assert load_mapping(path).item is not None


def test_a_proposed_mapping_imports_the_table(tmp_path: Path, layout: Layout) -> None:
    content = "id,model,trial,gold,response,completion_tokens,temperature\n" + "".join(
        f'q{item},m,{trial},B,"{{""Answer"": ""B""}}",5,0.5\n' for item in range(3) for trial in range(2)
    )
    path, mapping = table(tmp_path, content, "")
    proposed = propose(path)
    assert "epoch: {field: trial, add: 1}" in proposed
    assert "answer: response.Answer" in proposed
    assert "temperature: temperature" in proposed
    mapping.write_text(proposed)
    samples = load(layout, tmp_path, content, proposed)
    assert [(s["epoch"], s["choice_index"], s["score"], s["output_tokens"]) for s in samples] == [
        (1, 1, 1.0, 5),
        (2, 1, 1.0, 5),
    ] * 3


def test_paths_lead_where_they_say() -> None:
    record = {"a.b": 1, "a": {"b": [{"c": 2}, {"c": 3}], "text": '{"d": [4, 5]}'}, "none": None}
    assert lookup(record, "a.b") == 1
    assert lookup(record, "a.b[-1].c") == 3
    assert list(lookup_all(record, "a.b[*].c")) == [2, 3]
    assert lookup(record, "a.text.d[1]") == 5
    assert lookup(record, "none") is None
    assert {lookup(record, path) for path in ("x", "a.b[7]", "a.text.d.e", "a.text[0]")} == {MISSING}
