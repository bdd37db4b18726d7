"""Drawing with a model in this process, a batch at a time."""

from __future__ import annotations

import asyncio
from itertools import islice

from ingestion.sampling.drawing.drawing import Drawing
from ingestion.sampling.journal.records import Answered
from ingestion.sampling.plans.partitions import Planned
from ingestion.sampling.providers.base import InProcessProvider


async def draw_in_process(drawing: Drawing, provider: InProcessProvider) -> None:
    """Draw what is missing. The next batch is generated, in a thread of its own, while the last one is written."""
    missing = drawing.missing()

    def begin() -> asyncio.Task[list[Answered]] | None:
        batch = list(islice(missing, provider.batch_size)) if drawing.stop.reason is None else []
        return asyncio.create_task(_generate(drawing, provider, batch)) if batch else None

    generating = begin()
    while generating is not None:
        records = await generating
        generating = begin()
        try:
            await drawing.keep(*records)
        except BaseException:
            if generating is not None:
                generating.cancel()
            raise


async def _generate(drawing: Drawing, provider: InProcessProvider, batch: list[Planned]) -> list[Answered]:
    terms = drawing.terms
    requests = [terms.partition.request(planned) for planned in batch]
    answers = await asyncio.to_thread(provider.complete_batch, requests)
    return [
        terms.answered(planned, request.seed, answer)
        for planned, request, answer in zip(batch, requests, answers, strict=True)
    ]
