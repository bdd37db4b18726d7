"""What a provider is, what it is asked, and how it fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, runtime_checkable

from pydantic import SecretStr

from ingestion.sampling.questions.turns import Turn
from ingestion.sampling.spec.conditions import Condition
from ingestion.sampling.spec.providers import ProviderSpec
from warehouse import environment


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent for one sample.

    Attributes:
        model: the model's name in requests.
        turns: the conversation.
        condition: how to answer.
        seed: the sample's seed; sent where the API takes one.
    """

    model: str
    turns: tuple[Turn, ...]
    condition: Condition
    seed: int


@runtime_checkable
class Provider(Protocol):
    """Answers one request at a time, many at once."""

    takes_seed: bool
    """Whether the seed is sent."""

    async def ask(self, request: Request) -> str:
        """The verbatim body of one response, without secrets.

        Raises:
            ProviderError: one of its kinds below; nothing else.
        """

    async def close(self) -> None:
        """Close connections."""


@runtime_checkable
class TellsShutdowns(Protocol):
    """Knows until when its models are there."""

    async def shutdown_dates(self) -> dict[str, date]:
        """By model, the day on which it is shut down, where one has been announced.

        Raises:
            ProviderError: if it cannot be asked.
        """


@runtime_checkable
class InProcessProvider(Protocol):
    """Answers a batch of requests at a time, in this process."""

    takes_seed: bool
    """Whether the seed is used."""

    batch_size: int
    """Requests per batch."""

    def complete_batch(self, requests: Sequence[Request]) -> list[str]:
        """One `LocalResponse` as JSON for each request, in order."""


AnyProvider = Provider | InProcessProvider


class ProviderError(Exception):
    """A request failed; the message is fit to be shown and kept: it holds no secret.

    Attributes:
        has_begun: whether a part of the answer had come, which may have to be paid for.
    """

    has_begun = False


class OverloadedError(ProviderError):
    """The provider asks for patience (429, 503, 529).

    Attributes:
        retry_after_s: how long, if it says so.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TransientError(ProviderError):
    """It may work the next time: a server error, a timeout, a cut connection."""


class RejectedError(ProviderError):
    """This request will never work (400, 413, 422); others may."""


class BatchFailedError(RejectedError):
    """A batch failed as a whole, before any of its requests was tried."""


class FatalError(ProviderError):
    """No request will work until a person does something (wrong key, unknown model, no credit left)."""


class MissingKeyError(ValueError):
    """The environment holds no key; the message names the variable."""


class Key:
    """An API key from the environment or `.env`, and the striking-out of it.

    Args:
        provider: names the variable.

    Raises:
        MissingKeyError: if the variable is not set.
    """

    def __init__(self, provider: ProviderSpec) -> None:
        variable = provider.key_variable
        value = environment.value(variable) if variable else ""
        if variable and not value:
            raise MissingKeyError(f"{variable} is not set; put your key there: export {variable}=…, or a line in .env")
        self._secret = SecretStr(value)

    def __repr__(self) -> str:
        return "Key(**********)"

    def reveal(self) -> str:
        """The key, for the SDK's constructor alone."""
        return self._secret.get_secret_value() or "none"

    def strike_out(self, text: str) -> str:
        """`text` without the key, wherever it came from."""
        value = self._secret.get_secret_value()
        return text.replace(value, "[key]") if len(value) >= 6 else text


def retry_after(headers: object) -> float | None:
    """Seconds that a response's headers ask to wait: retry-after-ms, or retry-after in seconds; None if they do not."""
    get = getattr(headers, "get", None)
    for name, unit in (("retry-after-ms", 1_000.0), ("retry-after", 1.0)):
        try:
            seconds = float(get(name)) / unit if get else None
        except (TypeError, ValueError):
            continue
        if seconds is not None and 0 <= seconds <= 3_600:
            return seconds
    return None


def from_status(status: int, message: str, headers: object) -> ProviderError:
    """The error that an HTTP status means."""
    message = message.removeprefix(f"Error code: {status} - ").removeprefix(f"Error code: {status}") or "no message"
    lower = message.lower()
    if status == 402 or "insufficient_quota" in lower or "credit balance is too low" in lower:
        return FatalError(f"{status}: {message}; add credit to the account")
    if status in (429, 503, 529):
        return OverloadedError(f"{status}: {message}", retry_after(headers))
    if status in (401, 403):
        return FatalError(f"{status}: {message}; check the key in the environment and what it may use")
    if status == 404:
        return FatalError(f"{status}: {message}; check the model's name and the provider's base_url")
    if status >= 500 or status in (408, 409, 425):
        return TransientError(f"{status}: {message}")
    return RejectedError(f"{status}: {message}")
