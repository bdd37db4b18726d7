from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from ingestion.sampling import plan, sample
from ingestion.sampling.agents.rounds import Ran
from ingestion.sampling.drawing.budget import Budget, SpentElsewhere
from ingestion.sampling.drawing.eval_sets import EvalSetRun
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


def now(act: Callable[[], None]) -> None:
    act()


class AtOneDollar(EvalSetRun):
    """Of a partition nothing but what its rounds hold in the budget, a dollar for each sample."""

    _most_usd = 1.0

    def __init__(self, budget: Budget) -> None:
        self._run = SimpleNamespace(budget=budget)
        self._tally = SimpleNamespace(add_drawn=lambda costs: None)


def test_two_partitions_of_inspect_cannot_both_spend_what_is_left() -> None:
    budget = Budget(2.5)
    first, second = AtOneDollar(budget), AtOneDollar(budget)
    assert first._reserve(3, 1, now) == 2
    assert second._reserve(3, 1, now) is None  # the first may leave something
    first._count_in([Ran("a", 1, None, 10, 10, cost_usd=0.25)])
    assert second._reserve(3, 3, now) is None and second._reserve(3, 1, now) == 1
    first._count_in([Ran("b", 1, None, 0, 0, cost_usd=None)])  # nobody told what it cost
    second._settle(1, 1.0)
    assert budget.spent == 2.25 and budget.is_idle
    assert second._reserve(3, 1, now) == 0  # there is nothing to wait for
