"""Reading many files at the same time, in processes, with the results in the files' order."""

from __future__ import annotations

import itertools
import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TypeVar

from ingestion.logs.import_file import Source, Written, read_and_write, refuse
from warehouse.arrow import leave_out_pandas
from warehouse.cores import n_cores
from warehouse.layout import Layout
from warehouse.lifeline import end_with_parent

WORTH_BYTES = 4 * 2**20
"""Bytes of logs from which starting processes pays off: a process takes half a second to start."""

AHEAD = 4
"""Files that are handed out ahead, for each process: keeps them busy, and bounds what waits for its turn."""

NOT_READ = Written(None, frozenset(), {}, 0, "", ())
"""Stands beside what needs no reading."""

_Plan = TypeVar("_Plan")


def read_all(plans: Iterator[_Plan], layout: Layout, n_workers: int | None = None) -> Iterator[tuple[_Plan, Written]]:
    """Read every source, and hand over each plan with what became of it, in order; what is no source passes through.

    Files are read in this process until so much is waiting that processes pay off. Each file is read by one process, so
    the memory needed is that of the largest files, however many there are.

    Args:
        plans: sources, and reports of files that need no reading.
        layout: the warehouse.
        n_workers: processes; by default as many as there are cores, and none for little work. 1 is none.
    """
    n_workers = n_workers or n_cores()
    first: list[_Plan] = []
    if n_workers > 1:
        n_bytes = n_sources = 0
        for plan in plans:
            first.append(plan)
            if isinstance(plan, Source):
                n_sources += 1
                n_bytes += plan.n_bytes
            if (n_sources > 1 and n_bytes >= WORTH_BYTES) or len(first) >= 256:
                break
        if n_sources < 2 or n_bytes < WORTH_BYTES:
            n_workers = 1
    plans = itertools.chain(first, plans)
    if n_workers == 1:
        for plan in plans:
            yield (plan, read_and_write(plan, layout)) if isinstance(plan, Source) else (plan, NOT_READ)
        return
    yield from _in_processes(plans, layout, n_workers)


def _in_processes(plans: Iterator[_Plan], layout: Layout, n_workers: int) -> Iterator[tuple[_Plan, Written]]:
    waiting: deque[tuple[_Plan, Future[Written] | None]] = deque()
    pool = _pool(n_workers)
    try:
        while True:
            while len(waiting) < AHEAD * n_workers and (plan := next(plans, None)) is not None:
                future = None
                if isinstance(plan, Source):
                    try:
                        future = pool.submit(read_and_write, plan, layout)
                    except BrokenProcessPool:
                        pool = _pool(n_workers)
                        future = pool.submit(read_and_write, plan, layout)
                waiting.append((plan, future))
            if not waiting:
                return
            plan, future = waiting.popleft()
            if not isinstance(plan, Source) or future is None:
                yield plan, NOT_READ
                continue
            try:
                yield plan, future.result()
            except BrokenProcessPool:
                yield plan, _alone(plan, layout)
    finally:
        pool.shutdown(cancel_futures=True)


def _pool(n_workers: int) -> ProcessPoolExecutor:
    # Not fork: Arrow's threads do not survive it.
    return ProcessPoolExecutor(n_workers, multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """In a worker: end with the batch's process. An executor's processes outlive one that is killed."""
    leave_out_pandas()
    parent = multiprocessing.parent_process()
    if parent is not None:
        end_with_parent(lambda: wait([parent.sentinel]))


def _alone(source: Source, layout: Layout) -> Written:
    """Read one file in a process of its own, after a process died: which file it died of is not known."""
    with _pool(1) as pool:
        try:
            return pool.submit(read_and_write, source, layout).result()
        except BrokenProcessPool:
            reason = "the process that read it was killed, most likely for want of memory; split the run"
            return refuse(source.path, source.import_id, reason, layout, source.now)
