"""Files as people met them, each with what it must give, where the project's shared folder is present.

The classes behind them are tested with inputs that the tests make (test_inspect_readings.py, test_lm_eval_metrics.py,
test_answers.py); these are the files themselves.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingestion.logs.importer import FileReport, import_paths
from ingestion.logs.records import RefusedFileError
from ingestion.logs.table.sniff import propose
from tests.ingestion.conftest import rows
from warehouse.layout import PROJECT_ROOT, Layout

CASES = PROJECT_ROOT.parent / "shared" / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"no cases at {CASES}")

Samples = list[dict[str, Any]]


def imported(layout: Layout, name: str, **options: Any) -> tuple[Samples, list[FileReport]]:
    """The samples of a case, and what the import said of each file."""
    (folder,) = CASES.glob(f"{name}-*")
    mapping = folder / "mapping.yaml"
    if mapping.is_file():
        options["mapping"] = mapping
    files: list[Path] = [path for path in sorted(folder.iterdir()) if path.name not in ("README", "mapping.yaml")]
    summary = import_paths(files if mapping.is_file() else [folder], layout, **options)
    return rows(layout, "samples"), list(summary.reports)


def scores(samples: Samples) -> list[float | None]:
    ordered = sorted(samples, key=lambda row: (row["item_id"], row["epoch"]))
    return [row["score"] for row in ordered]


def test_01_a_scale_of_1_to_10_is_asked_for(layout: Layout) -> None:
    samples, (report,) = imported(layout, "01")
    assert scores(samples) == [None] * 8
    assert report.has_warning and "from 1 to 10" in report.message and "--scale" in report.message
    samples, (report,) = imported(layout, "01", scale=(1, 10))
    assert scores(samples) == pytest.approx([(x - 1) / 9 for x in (1, 8, 10, 7, 9, 1, 9, 1)])
    assert not report.has_warning


def test_02_two_checkpoints_are_two_models(layout: Layout) -> None:
    samples, _ = imported(layout, "02")
    by_model = defaultdict(list)
    for row in samples:
        by_model[row["model_id"]].append(row["score"])
    assert dict(by_model) == {"hf/local/ckpt-100": [1.0] * 3, "hf/local/ckpt-900": [0.0] * 3}


def test_03_a_grader_s_tokens_are_not_the_model_s(layout: Layout) -> None:
    samples, _ = imported(layout, "03")
    assert [row["output_tokens"] for row in samples] == [14, 14, 14]


def test_05_options_answered_in_words(layout: Layout) -> None:
    samples, _ = imported(layout, "05")
    samples.sort(key=lambda row: row["epoch"])
    assert [(row["choice_index"], row["score"], row["status"]) for row in samples] == [
        *((0, 1.0, "ok"), (0, 1.0, "ok"), (1, 0.0, "ok"), (0, 1.0, "ok"))
    ]
    vectors = np.eye(2)[[row["choice_index"] for row in samples]]
    assert ((vectors - np.eye(2)[0]) ** 2).sum(axis=1).mean() == 0.5
    assert ((vectors - vectors.mean(axis=0)) ** 2).sum(axis=1).mean() == 0.375


def test_07_winogrande_is_judged_by_its_acc(layout: Layout) -> None:
    samples, (report,) = imported(layout, "07")
    assert scores(samples) == [1.0, 0.0, 1.0, 0.0]
    items = {row["item_id"]: row for row in rows(layout, "items")}
    assert [items[str(n)]["target_index"] for n in range(4)] == [0, 1, 0, 1]
    assert all(row["choices"] == ["box", "bag"] for row in items.values())
    assert not report.has_warning


def test_09_less_is_better(layout: Layout) -> None:
    samples, (report,) = imported(layout, "09")
    assert scores(samples) == [1.0, 0.0, 1.0, 1.0]
    assert "less is better" in report.message


def test_10_a_metric_over_all_repeats_scores_none_of_them(layout: Layout) -> None:
    samples, (report,) = imported(layout, "10")
    assert scores(samples) == [None] * 16
    assert report.has_warning and "'pass@2' is one number over all repeats" in report.message


def test_12_what_lm_eval_wrote_before_0_4_3(layout: Layout) -> None:
    samples, (report,) = imported(layout, "12")
    assert {(row["task"], row["model_id"]) for row in samples} == {("t_gsm", "org/model-x")}
    # filter score-first: the number, of each repeat
    texts = [["1", "bad", "0", "0"], ["bad", "1", "1", "1"], ["2", "2", "1", "bad"], ["1", "bad", "3", "3"]]
    assert scores(samples) == [float(text == str(n)) for n, repeats in enumerate(texts) for text in repeats]
    assert report.outcome == "imported"


def test_20_letters_of_an_unknown_convention_are_asked_for(layout: Layout) -> None:
    samples, (report,) = imported(layout, "20")
    assert scores(samples) == [None] * 4
    assert report.has_warning and "(A, B, C)" in report.message and "--grade" in report.message
    samples, (report,) = imported(layout, "20", grades=["A=1", "B=0", "C=0"])
    assert scores(samples) == [1.0, 1.0, 0.0, 0.0]
    assert not report.has_warning


def test_22_items_whose_ids_follow_a_shuffled_order(layout: Layout) -> None:
    samples, reports = imported(layout, "22")
    items = defaultdict(set)
    for row in rows(layout, "items"):
        items[row["item_id"]].add(row["question"])
    assert sorted(map(sorted, items.values())) == [["Q0"], ["Q1"], ["Q2"], ["Q3"]]
    by_item = defaultdict(list)
    for row in samples:
        by_item[row["item_id"], row["condition_id"]].append(row)
    assert sorted(map(len, by_item.values())) == [3, 3, 3, 3]
    assert all("positions in a shuffled order" in report.message for report in reports)


def test_27_letters_in_common_phrasings(layout: Layout) -> None:
    samples, _ = imported(layout, "27")
    assert [row["choice_index"] for row in samples] == [2] * 10


def proposal(name: str, file: str) -> str:
    (folder,) = CASES.glob(f"{name}-*")
    return propose(folder / file)


def with_mapping(layout: Layout, tmp_path: Path, name: str, file: str, mapping: str) -> Samples:
    (folder,) = CASES.glob(f"{name}-*")
    (tmp_path / "m.yaml").write_text(mapping)
    summary = import_paths([folder / file], layout, mapping=tmp_path / "m.yaml")
    assert not summary.has_refused, summary.reports
    return rows(layout, "samples")


def test_13_a_condition_is_proposed(layout: Layout, tmp_path: Path) -> None:
    text = proposal("13", "t.jsonl")
    assert "epoch: {field: rep, add: 1}" in text
    by_condition = defaultdict(list)
    for row in with_mapping(layout, tmp_path, "13", "t.jsonl", text):
        by_condition[row["condition_id"]].append(row["score"])
    assert sorted(by_condition.values()) == [[0.0] * 4, [1.0] * 4]


def test_14_several_samples_in_a_row_are_never_one(layout: Layout, tmp_path: Path) -> None:
    samples, (report,) = imported(layout, "14")
    assert (samples, report.outcome) == ([], "refused")
    assert "each: " in report.message
    (folder,) = CASES.glob("14-*")
    mapping = (folder / "mapping.yaml").read_text().replace("score: 'score[*]'", "each: 'score[*]'\nscore: each")
    samples = with_mapping(layout, tmp_path, "14", "k.jsonl", mapping)
    found = np.array(scores(samples)).reshape(3, 4)
    assert (found.mean(), found.var(axis=1).tolist()) == (0.5, [0.25] * 3)


def test_15_a_list_is_no_answer(layout: Layout) -> None:
    samples, (report,) = imported(layout, "15")
    assert (samples, report.outcome) == ([], "refused")
    assert "answer is a list of 4 values" in report.message


def test_17_samples_without_a_score_are_told(layout: Layout) -> None:
    samples, (report,) = imported(layout, "17")
    assert len(samples) == 4
    assert "2 of 4 samples have no score" in report.message


def test_19_rows_of_one_type(layout: Layout, tmp_path: Path) -> None:
    mapping = proposal("19", "e.jsonl")
    assert "where: {type: match}" in mapping
    assert sorted(scores(with_mapping(layout, tmp_path, "19", "e.jsonl", mapping))) == [0.0, 1.0, 1.0]


def test_24_delimiters_and_encodings_are_told() -> None:
    assert "delimiter: ';'" in proposal("24", "a.csv")
    with pytest.raises(RefusedFileError, match="not UTF-8; save the file as UTF-8"):
        proposal("24", "b.csv")


def test_25_a_statistic_by_its_name(layout: Layout, tmp_path: Path) -> None:
    (folder,) = CASES.glob("25-*")
    mapping = (folder / "mapping.yaml").read_text().replace("stats[1].mean", "stats[name.name=exact_match].mean")
    assert scores(with_mapping(layout, tmp_path, "25", "s.json", mapping)) == [1.0, 0.0]
