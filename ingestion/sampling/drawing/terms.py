"""One sample, from request to record: tries, waits, and what is written down in the end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ingestion.sampling.drawing.budget import Hold
from ingestion.sampling.drawing.pace import Pace, backoff
from ingestion.sampling.journal.records import Answered, Failed, Settled
from ingestion.sampling.plans.partitions import Partition, Planned
from ingestion.sampling.plans.prices import cost_usd
from ingestion.sampling.providers.base import (
    OverloadedError,
    Provider,
    RejectedError,
    Request,
    TransientError,
)
from ingestion.sampling.providers.wire import READERS, InvalidResponseError
from ingestion.sampling.spec.experiment import Limits
from ingestion.sampling.spec.models import Price


@dataclass(frozen=True)
class Terms:
    """What all samples of a partition are drawn and written down with.

    Attributes:
        partition: the partition.
        run_id: the run.
        protocol: protocol of the responses.
        takes_seed: whether seeds are sent.
        price: what tokens cost; None if unknown.
        is_batch: whether the batch price holds.
    """

    partition: Partition
    run_id: str
    protocol: str
    takes_seed: bool
    price: Price | None
    is_batch: bool = False

    def answered(
        self,
        planned: Planned,
        seed: int,
        response: str,
        *,
        latency_s: float | None = None,
        attempts: int = 1,
        most_usd: float = 0.0,
        n_lost: int = 0,
    ) -> Answered:
        """The record of a response.

        Args:
            planned, seed, response: what was asked, and the answer.
            latency_s: of the last try.
            attempts: tries.
            most_usd: the most that a try can cost.
            n_lost: tries whose answer broke off.

        Raises:
            InvalidResponseError: if it is no completion.
        """
        reply = READERS[self.protocol](response)
        cost = cost_usd(reply, self.price, is_batch=self.is_batch)
        return Answered(
            **self._what(planned, seed),
            response=response,
            latency_s=latency_s,
            attempts=attempts,
            cost_usd=cost,
            uncertain_usd=most_usd * (n_lost + (cost is None)),
        )

    def failed(
        self, planned: Planned, seed: int, error: str, *, attempts: int = 1, most_usd: float = 0.0, n_lost: int = 0
    ) -> Failed:
        """The record of a sample that could not be had; arguments as of `answered`."""
        return Failed(**self._what(planned, seed), error=error, attempts=attempts, uncertain_usd=most_usd * n_lost)

    def _what(self, planned: Planned, seed: int) -> dict[str, Any]:
        item = self.partition.item(planned)
        return {
            "item_id": item.item_id,
            "answer_key_id": item.answer_key_id,
            "item_digest": item.digest,
            "context_id": self.partition.contexts[planned.context].context_id,
            "epoch": planned.epoch,
            "n_choices": len(item.choices or ()),
            "run_id": self.run_id,
            "protocol": self.protocol,
            "completed_at": datetime.now(UTC),
            "seed": seed if self.takes_seed else None,
        }


async def settle(
    planned: Planned,
    request: Request,
    provider: Provider,
    pace: Pace,
    limits: Limits,
    terms: Terms,
    tokens: int,
    hold: Hold,
) -> Settled:
    """Ask until there is a completion, or no use in asking again.

    Waiting out an overload (429, 503, 529) is limited by `patience_s`, other failures by `attempts`; a response that is
    no completion, whatever its status code, is such a failure. Who asks again after an answer that broke off may have
    to pay for both.

    Raises:
        FatalError: if no request will work.
    """
    began = time.monotonic()
    attempts = failures = overloads = n_lost = 0
    seed = request.seed
    while True:
        sent_at = await pace.clear_to_send(tokens)
        attempts += 1
        told: dict[str, Any] = {"attempts": attempts, "most_usd": hold.most}
        is_lost = False
        try:
            response = await provider.ask(request)
            latency_s = time.monotonic() - sent_at
            record = terms.answered(planned, seed, response, latency_s=latency_s, n_lost=n_lost, **told)
        except OverloadedError as error:
            pace.overloaded(sent_at, error.retry_after_s)
            overloads += 1
            is_lost, reason = error.has_begun, f"overloaded for {limits.patience_s:g} s: {error}"
            is_over = time.monotonic() - began > limits.patience_s
            wait = backoff(overloads, limits.backoff_s) if error.retry_after_s is None else error.retry_after_s
        except (TransientError, InvalidResponseError) as error:
            failures += 1
            is_lost, reason = isinstance(error, TransientError) and error.has_begun, str(error)
            is_over = failures >= limits.attempts
            wait = backoff(failures, limits.backoff_s)
        except RejectedError as error:
            is_lost, reason, is_over, wait = error.has_begun, str(error), True, 0.0
        else:
            pace.went_well()
            return record
        n_lost += is_lost
        if not is_over and is_lost and not hold.one_more():
            is_over, reason = True, f"{reason}; budget_usd leaves nothing for another try"
        if is_over:
            return terms.failed(planned, seed, reason, n_lost=n_lost, **told)
        await asyncio.sleep(wait)
