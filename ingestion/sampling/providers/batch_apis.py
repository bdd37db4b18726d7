"""OpenAI's Batch API and Anthropic's Message Batches, behind one small interface."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec

from ingestion.sampling.providers.base import AnyProvider, BatchFailedError, ProviderError, Request

CLOCK_SKEW = timedelta(minutes=10)
"""How far the provider's clock may be off when a lost batch is looked for by its time."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One request of a batch.

    Attributes:
        custom_id: as it was submitted.
        response: the verbatim body; None if there is none.
        error: why there is none.
    """

    custom_id: str
    response: str | None
    error: str | None = None


class BatchApi(Protocol):
    """Submits, finds, watches and reads batches. Methods raise ProviderError, and nothing else."""

    async def submit(self, key: str, requests: Sequence[tuple[str, Request]]) -> str:
        """Submit (custom_id, request) pairs, and return the batch's id; `key` is for finding it again."""

    async def find(self, key: str, since: datetime, n_requests: int) -> list[str]:
        """Ids of batches that may be the one that was submitted with `key`, when its id was lost."""

    async def has_ended(self, batch_id: str) -> bool:
        """Whether results can be read.

        Raises:
            BatchFailedError: if there will never be any.
        """

    def results(self, batch_id: str) -> AsyncIterator[BatchResult]:
        """Every request's result, in any order, without holding them all."""


class OpenAIBatches:
    """OpenAI's Batch API over chat completions or responses.

    Args:
        provider: an `OpenAIChat` or `OpenAIResponses`.
    """

    def __init__(self, provider: Any) -> None:
        self._provider = provider
        self._client = provider.client

    async def submit(self, key: str, requests: Sequence[tuple[str, Request]]) -> str:
        """See `BatchApi.submit`."""
        endpoint = self._provider.endpoint
        lines = [
            {"custom_id": custom_id, "method": "POST", "url": endpoint, "body": self._provider.body(request)}
            for custom_id, request in requests
        ]
        content = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
        try:
            file = await self._client.files.create(file=(f"{key}.jsonl", content), purpose="batch")
            batch = await self._client.batches.create(
                input_file_id=file.id, endpoint=endpoint, completion_window="24h", metadata={"sampler": key}
            )
        except Exception as error:
            raise self._provider.error(error) from None
        return str(batch.id)

    async def find(self, key: str, since: datetime, n_requests: int) -> list[str]:
        """See `BatchApi.find`; the key is in the batch's metadata, so there is one at most."""
        try:
            async for batch in self._client.batches.list(limit=100):
                if (batch.metadata or {}).get("sampler") == key:
                    return [batch.id]
                if datetime.fromtimestamp(batch.created_at, UTC) < since - CLOCK_SKEW and batch.created_at > 10**9:
                    break
        except Exception as error:
            raise self._provider.error(error) from None
        return []

    async def has_ended(self, batch_id: str) -> bool:
        """See `BatchApi.has_ended`."""
        try:
            batch = await self._client.batches.retrieve(batch_id)
        except Exception as error:
            raise self._provider.error(error) from None
        if batch.status == "failed":
            problems = batch.errors.data if batch.errors and batch.errors.data else []
            told = "; ".join(f"{problem.code}: {problem.message}" for problem in problems) or "no reason is given"
            raise BatchFailedError(
                f"batch {batch_id} failed before it began: {self._provider.strike_out(told)[:500]}. "
                "If it is too much at once, lower limits.batch_requests, or run this again later"
            )
        return batch.status in ("completed", "expired", "cancelled")

    async def results(self, batch_id: str) -> AsyncIterator[BatchResult]:
        """See `BatchApi.results`."""
        try:
            batch = await self._client.batches.retrieve(batch_id)
            for file_id in (batch.output_file_id, batch.error_file_id):
                if file_id:
                    async with self._client.files.with_streaming_response.content(file_id) as response:
                        async for line in _lines(response):
                            yield self._result(line)
        except ProviderError:
            raise
        except Exception as error:
            raise self._provider.error(error) from None

    def _result(self, line: bytes) -> BatchResult:
        row = msgspec.json.decode(line, type=_OpenAILine)
        if row.response is not None and row.response.status_code == 200:
            return BatchResult(row.custom_id, self._provider.strike_out(bytes(row.response.body).decode()))
        failure = row.error if row.response is None else bytes(row.response.body).decode("utf-8", "replace")
        return BatchResult(row.custom_id, None, self._provider.strike_out(str(failure))[:500])


class AnthropicBatches:
    """Anthropic's Message Batches.

    Args:
        provider: an `AnthropicMessages`.
    """

    def __init__(self, provider: Any) -> None:
        self._provider = provider
        self._batches = provider.client.messages.batches

    async def submit(self, key: str, requests: Sequence[tuple[str, Request]]) -> str:
        """See `BatchApi.submit`."""
        items = [{"custom_id": custom_id, "params": self._provider.body(request)} for custom_id, request in requests]
        try:
            batch = await self._batches.create(requests=items)
        except Exception as error:
            raise self._provider.error(error) from None
        return str(batch.id)

    async def find(self, key: str, since: datetime, n_requests: int) -> list[str]:
        """See `BatchApi.find`; a batch carries no mark of its own, so its time and size must do until it has ended."""
        found = []
        try:
            async for batch in self._batches.list(limit=100):
                if batch.created_at < since - CLOCK_SKEW:
                    break
                counts = batch.request_counts
                size = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
                if size == n_requests:
                    found.append(batch.id)
        except Exception as error:
            raise self._provider.error(error) from None
        return found

    async def has_ended(self, batch_id: str) -> bool:
        """See `BatchApi.has_ended`."""
        try:
            batch = await self._batches.retrieve(batch_id)
        except Exception as error:
            raise self._provider.error(error) from None
        return bool(batch.processing_status == "ended")

    async def results(self, batch_id: str) -> AsyncIterator[BatchResult]:
        """See `BatchApi.results`."""
        try:
            async with self._batches.with_streaming_response.results(batch_id) as response:
                async for line in _lines(response):
                    yield self._result(line)
        except ProviderError:
            raise
        except Exception as error:
            raise self._provider.error(error) from None

    def _result(self, line: bytes) -> BatchResult:
        row = msgspec.json.decode(line, type=_AnthropicLine)
        if row.result.type == "succeeded":
            return BatchResult(row.custom_id, self._provider.strike_out(bytes(row.result.message).decode()))
        failure = f"{row.result.type}: {row.result.error}" if row.result.error else row.result.type
        return BatchResult(row.custom_id, None, self._provider.strike_out(failure)[:500])


def batch_api(provider: AnyProvider) -> BatchApi:
    """The batch side of a provider."""
    return OpenAIBatches(provider) if hasattr(provider, "endpoint") else AnthropicBatches(provider)


class _Response(msgspec.Struct):
    status_code: int
    body: msgspec.Raw


class _OpenAILine(msgspec.Struct):
    custom_id: str
    response: _Response | None = None
    error: Any = None


class _AnthropicResult(msgspec.Struct):
    type: str
    message: msgspec.Raw = msgspec.Raw(b"")
    error: Any = None


class _AnthropicLine(msgspec.Struct):
    custom_id: str
    result: _AnthropicResult


async def _lines(response: Any) -> AsyncIterator[bytes]:
    # Not `iter_lines`: it also splits at characters that JSON strings may hold, such as U+2028.
    rest = b""
    async for chunk in response.iter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield line
    if rest.strip():
        yield rest
