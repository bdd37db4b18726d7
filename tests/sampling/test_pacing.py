from __future__ import annotations

import asyncio

import pytest

from ingestion.sampling.drawing.pace import Pace, RateLimit


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


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("ingestion.sampling.drawing.pace.time", clock)
    monkeypatch.setattr("ingestion.sampling.drawing.pace.asyncio.sleep", clock.sleep)
    return clock


def test_rate_limits_hold_for_requests_and_for_tokens(clock: Clock) -> None:
    async def send(pace: Pace, n: int, tokens: int) -> list[float]:
        return [await pace.clear_to_send(tokens) for _ in range(n)]

    for pace, tokens, per_minute in (
        (Pace(most=8, requests_per_minute=120), 1, 120),
        (Pace(most=8, tokens_per_minute=60_000), 1_000, 60),
    ):
        sent = asyncio.run(send(pace, 300, tokens))
        burst = per_minute * RateLimit.BURST_S / 60
        for start in range(0, 300, 7):
            within = [moment for moment in sent if sent[start] <= moment < sent[start] + 60]
            assert len(within) <= per_minute + burst + 1
        assert sent[-1] - sent[0] <= 300 / per_minute * 60  # and it is not slower than it may be
    began = clock.now
    asyncio.run(send(Pace(most=8), 1_000, 10**6))
    assert clock.now == began  # no limit, no wait
