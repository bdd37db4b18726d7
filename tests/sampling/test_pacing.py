from __future__ import annotations

import asyncio

from ingestion.sampling.pacing import Pace


def test_concurrency_halves_once_per_overload_and_grows_again() -> None:
    async def check() -> None:
        pace = Pace(most=64)
        assert pace.limit == 32
        for _ in range(100):
            pace.went_well()
        assert pace.limit == 64
        sent_at = [await pace.clear_to_send(1) for _ in range(10)]
        for moment in sent_at:  # ten refusals of one moment are one overload
            pace.overloaded(moment, None)
        assert pace.limit == 32
        pace.overloaded(await pace.clear_to_send(1), None)
        assert pace.limit == 16
        for _ in range(16):
            pace.went_well()
        assert pace.limit in (16, 17)
        for _ in range(10_000):
            pace.went_well()
        assert pace.limit == 64
        for _ in range(20):
            pace.overloaded(await pace.clear_to_send(1), None)
        assert pace.limit == 1

    asyncio.run(check())


def test_nobody_sends_before_the_provider_said() -> None:
    async def check() -> tuple[float, float]:
        pace = Pace(most=8)
        first = await pace.clear_to_send(1)
        pace.overloaded(first, 0.2)
        return first, await pace.clear_to_send(1)

    first, second = asyncio.run(check())
    assert second - first >= 0.2
