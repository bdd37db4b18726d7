"""Batches: several processes give what one gives, and rankings of the survey come in by the same door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ingestion.logs import workers
from ingestion.logs.importer import import_paths
from tests.ingestion.conftest import rows
from tests.ingestion.test_importing import log
from warehouse.layout import Layout


def _told(layout: Layout, table: str) -> list[dict[str, Any]]:
    found = [{name: value for name, value in row.items() if name != "ingested_at"} for row in rows(layout, table)]
    return sorted(found, key=str)


def test_processes_give_what_one_process_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for number in range(6):
        log(folder / f"{number}.eval", "ABCD"[number % 4], "B", *["A"] * number)
    (folder / "3b.eval").write_bytes((folder / "3.eval").read_bytes())
    (folder / "broken.eval").write_text("not a zip")
    one, many = Layout(tmp_path / "one"), Layout(tmp_path / "many")
    serial = import_paths([folder], one, n_workers=1)
    monkeypatch.setattr(workers, "WORTH_BYTES", 1)
    parallel = import_paths([folder], many, n_workers=2)
    assert parallel == serial
    assert [report.outcome for report in serial.reports] == [
        *("imported", "imported", "imported", "imported", "unchanged", "imported", "imported", "refused")
    ]
    for table in ("samples", "items", "imports", "quarantine", "models", "conditions"):
        assert _told(many, table) == _told(one, table)
    numbers = [row["import_number"] for row in sorted(rows(many, "imports"), key=lambda row: row["file_name"])]
    assert numbers == list(range(1, 7))  # of two copies of a sample the later file counts, whoever read it first
    log(folder / "7.eval", "B", "B")
    import_paths([folder], many, n_workers=1)
    assert {row["file_name"]: row["import_number"] for row in rows(many, "imports")}["7.eval"] == 7


def test_rankings_of_a_survey(tmp_path: Path, layout: Layout) -> None:
    path = tmp_path / "survey.csv"
    path.write_text(
        "rater_id,entity,entity_group,attribute,rank\n"
        "r1,octopus,organisms and humans,intelligence,3\n"
        "r1,octopus,organisms and humans,Incoherence,2.5\n"
        "r1,octopus,organisms and humans,intelligence,4\n"
        "r2,,organisations,intelligence,1\n"
        "r2,a bank,organisations,beauty,1\n"
        "r2,a bank,organisations,incoherence,0\n"
    )
    (report,) = import_paths([tmp_path], layout).reports
    assert (report.outcome, report.n_quarantined) == ("imported", 4)
    assert "2 rankings of 1 entities" in report.message
    ranks = {(row["rater_id"], row["entity"], row["attribute"]): row["rank"] for row in rows(layout, "survey_rankings")}
    assert ranks == {("r1", "octopus", "intelligence"): 3.0, ("r1", "octopus", "incoherence"): 2.5}
    assert {row["place"] for row in rows(layout, "quarantine")} == {f"line {line}" for line in (4, 5, 6, 7)}
