"""lm-evaluation-harness: which metric is read and what it means, which options are right, and every folder layout.

The files are written by hand in the harness's formats (0.4.0 to 0.4.13).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from ingestion.logs.importer import FileReport, import_paths
from tests.ingestion.conftest import rows
from tests.ingestion.test_lm_eval import MATH, STAMP, document, output
from warehouse.layout import Layout

OPEN = {"output_type": "generate_until", "generation_kwargs": {"temperature": 1.0}}
CHOICE = {"output_type": "multiple_choice", "metric_list": [{"metric": "acc"}]}


def metric(name: str, **told: Any) -> dict[str, Any]:
    return {"metric": name, "aggregation": "mean", **told}


def said(number: int, texts: list[str], **fields: Any) -> dict[str, Any]:
    """A line of a task with a metric of its own."""
    line = {"doc_id": number, "doc": {"question": f"Q{number}"}, "target": "t", "resps": [texts]}
    metrics = [name for name in fields if name not in ("filter", "filtered_resps", "metrics")]
    return {**line, "filtered_resps": texts[:1], "filter": "none", "metrics": metrics, **fields}


def chose(number: int, logs: list[list[float]], **fields: Any) -> dict[str, Any]:
    """A line of a multiple-choice task: by option, the log-probability of each repeat."""
    options = [f"o{n}" for n in range(len(logs))]
    line = {
        "doc_id": number,
        "doc": {"question": f"Q{number}"},
        "target": "0",
        "arguments": {f"gen_args_{n}": {"arg_0": "Q", "arg_1": f" {text}"} for n, text in enumerate(options)},
        "resps": [[[str(value), "False"] for value in repeats] for repeats in logs],
        "filtered_resps": [[str(repeats[0]), "False"] for repeats in logs],
        "filter": "none",
        "metrics": ["acc"],
    }
    return line | fields


def imported(layout: Layout, path: Path, **options: Any) -> tuple[list[float | None], FileReport]:
    (report,) = import_paths([path], layout, **options).reports
    samples = sorted(rows(layout, "samples"), key=lambda row: (row["item_id"], row["epoch"]))
    return [row["score"] for row in samples], report


@pytest.mark.parametrize(
    ("task", "results", "values", "expected", "told"),
    [
        ({"metric_list": [metric("toxic", higher_is_better=False)]}, {}, [0, 1, 0.25], [1, 0, 0.75], "less is better"),
        ({"metric_list": [metric("toxic")]}, {"toxic": False}, [0, 1], [1, 0], "less is better"),
        ({"metric_list": [metric("wer")]}, {}, [0.2, 0.0], [0.8, 1], "less is better"),
        ({"metric_list": [metric("f1", higher_is_better=True)]}, {}, [0.2, 1.0], [0.2, 1.0], ""),
        # on no scale that is known, in whichever line that shows
        ({"metric_list": [metric("rouge1")]}, {}, [0.5, 55.0, 1.0], [None] * 3, "from 0.5 to 55"),
        ({"metric_list": [metric("perplexity")]}, {}, [1.0, 8.5], [None, None], "from 1 to 8.5"),
        # of the whole corpus, or none at all
        ({"metric_list": [metric("bleu")]}, {}, [["a", "b"], ["c", "d"]], [None, None], "its value is a list"),
        ({"metric_list": [metric("em")]}, {}, [float("nan"), 1.0], [None, 1.0], "NaN"),
        ({"metric_list": [metric("em")]}, {}, ["Correct", "wrong"], [1.0, 0.0], ""),
    ],
)
def test_a_metric_s_direction_and_scale(
    tmp_path: Path,
    layout: Layout,
    task: dict[str, Any],
    results: dict[str, Any],
    values: list[Any],
    expected: list[float | None],
    told: str,
) -> None:
    name = task["metric_list"][0]["metric"]
    lines: list[Any] = [said(number, ["x"], **{name: value}) for number, value in enumerate(values)]
    path = output(tmp_path, lines, {**OPEN, **task}, higher_is_better={"sums_task": results})
    scores, report = imported(layout, path)
    assert scores == pytest.approx(expected)
    assert told in report.message
    assert report.has_warning == (2 * expected.count(None) > len(expected))


def test_one_metric_is_read_for_the_whole_file(tmp_path: Path, layout: Layout) -> None:
    """Even where another one of a line would be from 0 to 1."""
    task = {**OPEN, "metric_list": [metric("bleu_max"), metric("bleu_acc")]}
    lines: list[Any] = [said(n, ["x"], bleu_acc=n % 2, bleu_max=value) for n, value in enumerate([0.9, 31.0, 0.4])]
    path = output(tmp_path, lines, task)
    scores, report = imported(layout, path)
    assert scores == [None] * 3
    assert "scores are those of metric 'bleu_max'; there are bleu_acc too" in report.message
    scores, report = imported(layout, path, scorer="bleu_acc")
    assert scores == [0.0, 1.0, 0.0] and not report.has_warning
    scores, _ = imported(layout, path, scale=(0, 100))
    assert scores == pytest.approx([0.009, 0.31, 0.004])
    _, report = imported(layout, path, scorer="rouge")
    assert report.outcome == "refused" and "there are bleu_max, bleu_acc" in report.message


@pytest.mark.parametrize(
    ("name", "filtered", "is_over"),
    [
        ("pass@2", [["a", "b", "c"]], True),
        ("pass@2", ["a"], True),
        ("pass_at_3", ["a"], True),
        ("solved", [["a", "b", "c"]], True),
        ("solved", ["a"], False),
    ],
)
def test_one_number_over_all_repeats_is_no_score_of_the_first(
    tmp_path: Path, layout: Layout, name: str, filtered: list[Any], is_over: bool
) -> None:
    line = said(1, ["a", "b", "c"], filtered_resps=filtered, metrics=[name]) | {name: 1.0}
    scores, report = imported(layout, output(tmp_path, [line], {**OPEN, "metric_list": [metric(name)]}))
    assert scores == ([None] * 3 if is_over else [1.0, None, None])
    assert ("is one number over all repeats" in report.message) == is_over
    alone = said(1, ["a"], filtered_resps=[["a"]], metrics=[name]) | {name: 1.0}
    scores, _ = imported(layout, output(tmp_path / "alone", [alone], {**OPEN, "metric_list": [metric(name)]}))
    assert 1.0 in scores  # of one repeat, it is that repeat's


LOGS = [[-1.0, -3.0], [-2.0, -1.0], [-3.0, -2.0]]
"""Three options, two repeats."""
WEIGHTS = [[math.exp(LOGS[option][repeat]) for option in range(3)] for repeat in range(2)]
MASS = [(weights[0] + weights[2]) / sum(weights) for weights in WEIGHTS]
LABELS = {"doc": {"question": "Q", "mc2_targets": {"choices": ["o0", "o1", "o2"], "labels": [1, 0, 1]}}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({**LABELS, "acc": MASS[0]}, MASS),  # TruthfulQA's mc2: the probability of all right ones
        ({"target": [0, 2], "acc": 1.0}, [1.0, 0.0]),
        ({"target": "[0, 2]", "acc": 1.0}, [1.0, 0.0]),
        ({**LABELS, "acc": 0.123}, [0.123, None]),  # in a way that is not known here
    ],
)
def test_several_right_options(
    tmp_path: Path, layout: Layout, fields: dict[str, Any], expected: list[float | None]
) -> None:
    scores, _ = imported(layout, output(tmp_path, [chose(1, LOGS, **fields)], CHOICE))
    assert scores == pytest.approx(expected)
    (item,) = rows(layout, "items")
    assert (item["target_index"], item["target_text"], item["n_choices"]) == (None, "o0; o2", 3)


def test_one_label_is_a_target(tmp_path: Path, layout: Layout) -> None:
    doc = {"question": "Q", "mc1_targets": {"choices": ["o0", "o1", "o2"], "labels": [0, 1, 0]}}
    scores, _ = imported(layout, output(tmp_path, [chose(1, LOGS, doc=doc, acc=0.0)], CHOICE))
    assert scores == [0.0, 1.0]
    assert rows(layout, "items")[0]["target_index"] == 1


def test_the_harness_s_verdict_wins_over_a_target_that_contradicts_it(tmp_path: Path, layout: Layout) -> None:
    two = [chose(1, LOGS[:2], target="1", acc=1.0), chose(2, LOGS[:2], target="first o0", acc=0.0)]
    scores, report = imported(layout, output(tmp_path / "two", two, CHOICE))
    assert {row["item_id"]: row["target_index"] for row in rows(layout, "items")} == {"1": 0, "2": 1}
    assert scores == [1.0, 0.0, 0.0, 1.0]
    assert "1 items have a target that the harness's own acc contradicts" in report.message
    three = Layout(tmp_path / "three" / "warehouse")
    lines: list[Any] = [chose(1, LOGS, target="1", acc=1.0), chose(2, LOGS, target="?", acc=0.0)]
    scores, _ = imported(three, output(tmp_path / "three", lines, CHOICE))
    assert [row["target_index"] for row in rows(three, "items")] == [None, None]
    assert scores == [1.0, None, 0.0, None]


def test_a_continuation_after_several_contexts(tmp_path: Path, layout: Layout) -> None:
    contexts = ["The cup does not fit the bag because the cup", "The cup does not fit the bag because the bag"]
    lines = []
    for number, acc in enumerate([1.0, 0.0]):
        arguments = {f"gen_args_{n}": {"arg_0": text, "arg_1": " is too big."} for n, text in enumerate(contexts)}
        lines.append(chose(number, LOGS[:2], target="is too big.", arguments=arguments, acc=acc))
    scores, _ = imported(layout, output(tmp_path, lines, CHOICE))
    assert scores == [1.0, 0.0, 0.0, 1.0]
    assert [(row["choices"], row["target_text"]) for row in rows(layout, "items")] == [
        (["cup", "bag"], "cup"),
        (["cup", "bag"], "bag"),
    ]


def test_reasoning_written_into_a_completion(tmp_path: Path, layout: Layout) -> None:
    texts = ["<think>#### 2</think>#### 1000", "<think>It is #### 1000, or"]
    imported(layout, output(tmp_path, [document(1, texts, exact_match=0.0)], MATH))
    samples = sorted(rows(layout, "samples"), key=lambda row: row["epoch"])
    assert [(row["completion"], row["answer"], row["status"]) for row in samples] == [
        ("#### 1000", "1000", "ok"),
        ("", None, "format_failure"),
    ]
    assert [row["reasoning"] for row in samples] == ["#### 2", "It is #### 1000, or"]
    assert samples[1]["score"] in (0.0, None)


def moved(path: Path, samples_name: str, results_name: str) -> Path:
    """The two files under other names."""
    path.with_name(f"results_{STAMP}.json").rename(path.with_name(results_name))
    return path.rename(path.with_name(samples_name))


def old_line(line: dict[str, Any]) -> dict[str, Any]:
    """A line as 0.4.0 to 0.4.2 wrote it: arguments listed, likelihoods as numbers, neither filter nor metrics named."""
    line = {name: value for name, value in line.items() if name not in ("filter", "metrics")}
    line["arguments"] = [[request["arg_0"], request["arg_1"]] for request in line["arguments"].values()]
    if isinstance(line["resps"][0][0], list):
        line["resps"] = [[[float(v), g == "True"] for v, g in repeats] for repeats in line["resps"]]
    return line


@pytest.mark.parametrize(
    ("samples_name", "results_name"),
    [
        (f"samples_sums_task_{STAMP}.jsonl", f"my_run_{STAMP}.json"),  # --output_path my_run.json
        ("pretrained__org__model-1b,dtype__float16_sums_task.jsonl", "results.json"),
        ("pretrained__org__model-1b,dtype__float16_sums_task.jsonl", "my_run.json"),
    ],
)
def test_every_layout_is_read(tmp_path: Path, layout: Layout, samples_name: str, results_name: str) -> None:
    is_old = not samples_name.startswith("samples_")
    lines = [chose(1, LOGS[:2], target="0", acc=1.0), chose(2, LOGS[:2], target="1", acc=0.0)]
    folder = tmp_path / "out"
    path = moved(
        output(folder, [old_line(line) if is_old else line for line in lines], CHOICE), samples_name, results_name
    )
    (folder / "other.json").write_text('{"configs": {"task": {}}}')
    summary = import_paths([folder], layout)
    assert [(report.path.name, report.outcome) for report in summary.reports] == [(path.name, "imported")]
    assert {(row["task"], row["model_id"]) for row in rows(layout, "samples")} == {("sums_task", "org/model-1b")}
    assert [row["target_index"] for row in rows(layout, "items")] == [0, 1]
    assert import_paths([folder], layout).count("unchanged") == 1


def test_filters_that_old_lines_do_not_name_stand_in_their_order(tmp_path: Path, layout: Layout) -> None:
    majority, strict = (
        [old_line(document(n, [f"#### {n},000", "no"], exact_match=float(is_strict))) for n in (1, 2)]
        for is_strict in (False, True)
    )
    path = moved(output(tmp_path, [*majority, *strict], MATH), "pretrained__m_sums_task.jsonl", "results.json")
    scores, report = imported(layout, path)
    assert scores == [1.0, 0.0, 1.0, 0.0]
    assert "filter 'strict' was read; majority" in report.message


def test_two_old_runs_of_one_model_stay_two(tmp_path: Path, layout: Layout) -> None:
    task = {**MATH, "filter_list": MATH["filter_list"][1:]}
    for date in (1.0, 2.0):
        path = output(tmp_path / str(date), [old_line(document(1, ["#### 1000"]))], task, date=date)
        moved(path, "pretrained__m_sums_task.jsonl", "results.json")
    assert import_paths([tmp_path], layout).n_samples == 2
    assert len({row["sample_id"] for row in rows(layout, "samples")}) == 2


def test_a_name_that_no_version_wrote_is_refused_with_what_to_do(tmp_path: Path, layout: Layout) -> None:
    path = moved(output(tmp_path, [document(1, ["#### 1"])], MATH), "mine.jsonl", "results.json")
    _, report = imported(layout, path)
    assert report.outcome == "refused"
    assert "before 0.4.3" in report.message and "give it back the name" in report.message
