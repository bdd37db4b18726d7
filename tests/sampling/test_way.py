"""The way of one spec through the modules is straight: control goes down, and comes back by returning.

A call trace of a whole run over real HTTP. The modules that conduct it are those of `drawing`; what they use on the way
(budget, pace, connections, counts) is called again and again, and is no station.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest
import yaml

from ingestion.sampling import load_spec, sample
from tests.module_graph import ROOT, module_graph, reached
from tests.sampling.conftest import MakeSpec
from tests.sampling.server import Server
from warehouse.layout import Layout

SAMPLING = str(ROOT / "ingestion" / "sampling")
STATIONS = ("run", "queues", "partition_run", "drawing", "terms")


class Call(NamedTuple):
    caller: str | None
    module: str
    function: str
    is_own: bool
    """Whether an object calls a method of its own, which a class above or below it has."""


def traced(work: Callable[[], Any]) -> list[Call]:
    """Every call into a module of sampling, with the module of sampling that it comes from."""
    calls: list[Call] = []

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or not frame.f_code.co_filename.startswith(SAMPLING) or frame.f_code.co_name[0] == "<":
            return
        caller = frame.f_back
        while caller is not None and not caller.f_code.co_filename.startswith(SAMPLING):
            caller = caller.f_back
        module, source = (
            _module(frame.f_code.co_filename),
            None if caller is None else _module(caller.f_code.co_filename),
        )
        calls.append(Call(source, module, frame.f_code.co_name, source != module and _is_own(caller, frame)))

    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return calls


def _is_own(caller: FrameType | None, called: FrameType) -> bool:
    return caller is not None and "self" in caller.f_locals and caller.f_locals["self"] is called.f_locals.get("self")


def _module(file: str) -> str:
    return ".".join(Path(file).relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def one_spec(server: Server, layout: Layout, make_spec: MakeSpec, *, batch: bool) -> list[Call]:
    spec = make_spec(provider={"batch": batch}, limits={"batch_poll_s": 0.01}, epochs=2)
    path = layout.root.with_name("spec.yaml")
    path.write_text(yaml.safe_dump(spec.model_dump(mode="json", exclude_none=True)))
    found = traced(lambda: sample(load_spec(path), layout))
    assert server.completions.total() == 20
    return found


@pytest.mark.parametrize("batch", [False, True])
def test_the_way_is_straight(server: Server, layout: Layout, make_spec: MakeSpec, batch: bool) -> None:
    """Control returns to an earlier station three times at most, and no module is called by one that it imports."""
    calls = one_spec(server, layout, make_spec, batch=batch)
    stations = {f"ingestion.sampling.drawing.{name}" for name in (*STATIONS, "batches" if batch else "by_requests")}
    way: list[str] = []
    for call in dict.fromkeys((call.module, call.function) for call in calls if call.module in stations):
        if not way or way[-1] != call[0]:
            way.append(call[0])
    assert set(way) == stations
    assert len(way) - len(set(way)) <= 3, way
    assert way.count("ingestion.sampling.drawing.run") == 1
    graph = module_graph()
    above = {(call.caller, call.module) for call in calls if call.caller not in (None, call.module) and not call.is_own}
    back = [pair for pair in above if pair[0] in reached(graph, pair[1])]
    assert not back, back
