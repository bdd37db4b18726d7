from __future__ import annotations

from pathlib import Path

from ingestion.sampling import plan, sample
from ingestion.sampling.drawing.budget import Budget, SpentElsewhere
from ingestion.sampling.journal.records import SegmentWriter
from tests.sampling.conftest import MakeSpec
from tests.sampling.server import Server
from tests.sampling.test_journal import HEADER, answer
from warehouse.layout import Layout


def test_a_budget_counts_what_is_in_flight() -> None:
    budget = Budget(1.0, spent=0.5)
    assert budget.reserve(0.3)
    assert not budget.reserve(0.3)
    budget.settle(0.3, 0.1)
    assert budget.is_idle and budget.reserve(0.3)
    budget.settle(0.3, None)
    assert budget.spent == 0.6
    assert Budget(None).reserve(1e9)


def test_what_others_spend_is_read_as_they_write_it(tmp_path: Path) -> None:
    elsewhere = SpentElsewhere([tmp_path, tmp_path / "not there yet"])
    assert elsewhere() == 0
    writer = SegmentWriter(tmp_path, HEADER)
    for cost, total in ((0.25, 0.25), (0.5, 0.75), (None, 0.75)):
        record = answer(1)
        record.cost_usd = cost
        writer.write(writer.encode(record))
        assert elsewhere() == total
    with writer.path.open("ab") as handle:
        handle.write(b'{"kind":"response"')  # half a line
    assert elsewhere() == 0.75
    writer.close("success")
    assert elsewhere() == 0.75
    assert SpentElsewhere([tmp_path])() == 0.75


def test_the_budget_is_the_experiments_and_not_the_partitions(
    server: Server, layout: Layout, make_spec: MakeSpec
) -> None:
    spec = make_spec(condition={"prompt_format": ["choice", "probability"]}, epochs=30, budget_usd=0.005)
    first, second = (part.key for part in plan(spec, layout).partitions)
    assert sample(spec, layout, only=[first]).stopped is not None
    assert sample(spec, layout, only=[second]).n_drawn == 0
    assert 0.004 < plan(spec, layout).spent_usd <= 0.005
