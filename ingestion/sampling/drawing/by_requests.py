"""Drawing by requests, many at a time. A completed response is never lost and never paid for twice.

The plan is walked lazily, at most `concurrency` requests are alive at a time, and no response outlives its record, so
memory does not depend on the number of samples.
"""

from __future__ import annotations

import asyncio

from ingestion.sampling.drawing.budget import Hold, counted_usd
from ingestion.sampling.drawing.drawing import Drawing
from ingestion.sampling.drawing.terms import settle
from ingestion.sampling.plans.partitions import Planned
from ingestion.sampling.plans.prices import expected_input_tokens, expected_output_tokens
from ingestion.sampling.providers.base import FatalError, Provider, Request


async def draw_by_requests(drawing: Drawing, provider: Provider) -> None:
    """Draw what is missing.

    A cancellation lets the requests in flight end, since they are paid for; a second one abandons them.
    """
    partition, stop, pace, budget = drawing.terms.partition, drawing.stop, drawing.pace, drawing.budget
    output_tokens = expected_output_tokens(partition.condition, partition.model)
    running: set[asyncio.Task[None]] = set()
    try:
        for planned in drawing.missing():
            await pace.acquire()
            request = partition.request(planned)
            tokens = expected_input_tokens(request.turns)
            hold = Hold(budget, drawing.most_usd(tokens))
            while stop.reason is None and not hold.one_more():
                if budget.is_idle:
                    drawing.stop_for_budget(hold.most)
                await asyncio.sleep(0.01)
            if stop.reason is not None:
                pace.release()
                break
            task = asyncio.create_task(_one(drawing, provider, planned, request, tokens + output_tokens, hold))
            running.add(task)
            task.add_done_callback(running.discard)
    finally:
        if running:
            await asyncio.wait(running)


async def _one(
    drawing: Drawing, provider: Provider, planned: Planned, request: Request, tokens: int, hold: Hold
) -> None:
    cost = 0.0
    try:
        record = await settle(planned, request, provider, drawing.pace, drawing.limits, drawing.terms, tokens, hold)
        cost = counted_usd(record)
        await drawing.keep(record)
    except FatalError as error:
        drawing.stop.because(str(error), is_failure=True, needs_person=True)
    except Exception as error:  # a task's exception would otherwise be lost, and the run go on without its samples
        drawing.stop.because(f"{type(error).__name__}: {error}", is_failure=True)
    finally:
        hold.settle(cost)
        drawing.pace.release()
