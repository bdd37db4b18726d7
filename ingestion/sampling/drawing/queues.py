"""The partitions of one provider, which take turns; several providers' queues work side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ingestion.sampling.drawing.connection import Connection
from ingestion.sampling.drawing.drawing import Stop
from ingestion.sampling.drawing.eval_sets import EvalSetRun
from ingestion.sampling.drawing.pace import Pace
from ingestion.sampling.drawing.partition_run import PartitionRun, RunOfExperiment
from ingestion.sampling.drawing.summary import PartitionSummary
from ingestion.sampling.plans.partitions import Partition
from ingestion.sampling.stopping.decision import Decision
from warehouse.tell import Tell


class Queue:
    """The partitions of one provider.

    Args:
        name: the provider's name in the spec.
        parts: its partitions, in the order in which they are drawn, each with the wanted samples that are there, and
            what is wanted.
        run: what all partitions share.

    Attributes:
        pace: how fast the provider is asked.
        failure: the partition that failed, and why; None while none has.
    """

    def __init__(self, name: str, parts: Sequence[tuple[Partition, int, Decision]], run: RunOfExperiment) -> None:
        settings = run.spec.provider(name)
        self.pace = Pace(settings.concurrency, settings.requests_per_minute, settings.tokens_per_minute)
        self.failure: tuple[str, Stop] | None = None
        self._parts = parts
        self._run = run
        self._connection = Connection(run.spec, name, run.providers)

    async def draw(self, ended: list[PartitionSummary]) -> None:
        """Draw them one after the other; after one that has stopped, the others had better not be tried.

        Those whose epochs follow an interval come again, after a first look at each: always the one whose interval is
        expected to shrink most per sample.

        Args:
            ended: takes what became of each.
        """
        left = [
            (PartitionRun if part.inspect_task is None else EvalSetRun)(part, self._run, n_done, decision)
            for part, n_done, decision in self._parts
        ]
        try:
            while left:
                part = max(left, key=lambda run: run.promise)
                summary = await part.draw(self._connection, self.pace)
                if part.stop.reason is None and not part.is_through:
                    continue
                ended.append(summary)
                left.remove(part)
                if part.stop.reason is None:
                    continue
                self._run.tell(f"{part.name}: stopped: {part.stop.reason}")
                if part.stop.is_failure:
                    self.failure = (part.name, part.stop)
                ended += [later.not_begun() for later in left]
                return
        finally:
            await self._connection.close()


def draw_side_by_side(queues: Sequence[Queue], tell: Tell) -> list[PartitionSummary]:
    """Draw all queues to their end; also from within a running event loop, as in a notebook.

    Returns:
        What became of each partition, in the order in which they ended.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_draw_all(queues, tell))
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _draw_all(queues, tell)).result()


async def _draw_all(queues: Sequence[Queue], tell: Tell) -> list[PartitionSummary]:
    """Draw all queues. When interrupted, say what is waited for, and let them wind up."""
    ended: list[PartitionSummary] = []
    work = asyncio.gather(*(queue.draw(ended) for queue in queues), return_exceptions=True)
    try:
        results = await asyncio.shield(work)
    except asyncio.CancelledError:
        in_flight = sum(queue.pace.in_flight for queue in queues)
        what = f"{in_flight} requests in flight, which are paid for" if in_flight else "what is being written"
        tell(f"interrupted; waiting for {what} (Ctrl-C again does not wait)")
        work.cancel()
        results = await work
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return ended
