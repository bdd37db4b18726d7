"""One sample, from request to record: tries, waits, and what is written down in the end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

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
        self, planned: Planned, seed: int, response: str, latency_s: float | None = None, attempts: int = 1
    ) -> Answered:
        """The record of a response.

        Raises:
            InvalidResponseError: if it is no completion.
        """
        reply = READERS[self.protocol](response)
        return Answered(
            **self._what(planned, seed),
            response=response,
            latency_s=latency_s,
            attempts=attempts,
            cost_usd=cost_usd(reply, self.price, is_batch=self.is_batch),
        )

    def failed(self, planned: Planned, seed: int, error: str, attempts: int = 1) -> Failed:
        """The record of a sample that could not be had."""
        return Failed(**self._what(planned, seed), error=error, attempts=attempts)

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
    planned: Planned, request: Request, provider: Provider, pace: Pace, limits: Limits, terms: Terms, tokens: int
) -> Settled:
    """Ask until there is a completion, or no use in asking again.

    Waiting out an overload (429, 503, 529) is limited by `patience_s`, other failures by `attempts`; a response that is
    no completion, whatever its status code, is such a failure.

    Raises:
        FatalError: if no request will work.
    """
    began = time.monotonic()
    attempts = failures = overloads = 0
    while True:
        sent_at = await pace.clear_to_send(tokens)
        attempts += 1
        try:
            response = await provider.ask(request)
            record = terms.answered(planned, request.seed, response, time.monotonic() - sent_at, attempts)
        except OverloadedError as error:
            pace.overloaded(sent_at, error.retry_after_s)
            overloads += 1
            if time.monotonic() - began > limits.patience_s:
                return terms.failed(planned, request.seed, f"overloaded for {limits.patience_s:g} s: {error}", attempts)
            wait = backoff(overloads, limits.backoff_s) if error.retry_after_s is None else error.retry_after_s
        except (TransientError, InvalidResponseError) as error:
            failures += 1
            if failures >= limits.attempts:
                return terms.failed(planned, request.seed, str(error), attempts)
            wait = backoff(failures, limits.backoff_s)
        except RejectedError as error:
            return terms.failed(planned, request.seed, str(error), attempts)
        else:
            pace.went_well()
            return record
        await asyncio.sleep(wait)
