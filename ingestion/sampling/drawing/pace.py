"""How fast to ask: concurrency that adapts to what a provider bears, and rate limits."""

from __future__ import annotations

import asyncio
import random
import time

FIRST_CONCURRENCY = 32
"""Requests in flight at the start, before anything is known of the provider."""


class Pace:
    """Requests in flight at one provider: more while all goes well, half as many when it is overloaded (AIMD).

    Args:
        most: never more than this in flight.
        requests_per_minute: rate limit; None for none.
        tokens_per_minute: rate limit on estimated tokens; None for none.
    """

    def __init__(self, most: int, requests_per_minute: int | None = None, tokens_per_minute: int | None = None) -> None:
        self._most = most
        self._limit = float(min(most, FIRST_CONCURRENCY))
        self._was_overloaded = False
        self._cut_at = 0.0
        self._resume_at = 0.0
        self._settled = asyncio.Event()
        self._requests = RateLimit(requests_per_minute)
        self._tokens = RateLimit(tokens_per_minute)
        self.in_flight = 0

    @property
    def limit(self) -> int:
        """Requests that may be in flight now."""
        return max(1, int(self._limit))

    async def acquire(self) -> None:
        """Wait for a place."""
        while self.in_flight >= self.limit:
            await self.settled()
        self.in_flight += 1

    def release(self) -> None:
        """Give the place back."""
        self.in_flight -= 1
        self._settled.set()

    async def settled(self) -> None:
        """Wait until a request has settled."""
        self._settled.clear()
        await self._settled.wait()

    async def clear_to_send(self, tokens: int) -> float:
        """Wait out an overload and the rate limits; returns the moment of sending."""
        while (wait := self._resume_at - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        await self._requests.take(1)
        await self._tokens.take(tokens)
        return time.monotonic()

    def went_well(self) -> None:
        """A request was answered: one more at a time; until the first overload, one more for each answer."""
        self._limit = min(self._most, self._limit + (1 / self._limit if self._was_overloaded else 1))

    def overloaded(self, sent_at: float, retry_after_s: float | None) -> None:
        """The provider refused a request for being too many. Requests sent before the last cut do not count again."""
        now = time.monotonic()
        self._was_overloaded = True
        if sent_at >= self._cut_at:
            self._limit = max(1.0, self._limit / 2)
            self._cut_at = now
        if retry_after_s is not None:
            self._resume_at = max(self._resume_at, now + retry_after_s)


class RateLimit:
    """So many per minute, evenly, with bursts of at most `BURST_S` seconds' worth."""

    BURST_S = 5.0

    def __init__(self, per_minute: int | None) -> None:
        self._seconds_each = 60.0 / per_minute if per_minute else 0.0
        self._paid_until = 0.0

    async def take(self, amount: int) -> None:
        """Wait until `amount` more may be used."""
        if self._seconds_each == 0.0:
            return
        now = time.monotonic()
        self._paid_until = max(self._paid_until, now) + amount * self._seconds_each
        if (wait := self._paid_until - now - self.BURST_S) > 0:
            await asyncio.sleep(wait)


def backoff(attempt: int, first_s: float) -> float:
    """Seconds to wait after the `attempt`-th failure: doubled each time, at most a minute, with jitter."""
    return float(min(60.0, first_s * 2 ** min(attempt - 1, 16)) * random.uniform(0.5, 1.0))
