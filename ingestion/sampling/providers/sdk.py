"""What providers on OpenAI's and on Anthropic's SDK share: the two take the same options and name their errors alike.

The SDK's own retries are switched off (`max_retries=0`): inside the SDK a wait would hide an overload from the engine,
which slows down for all requests at once; and the SDK does not retry what fails with status 200.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Generic, Protocol, TypeVar

from ingestion.sampling.providers.base import Key, ProviderError, RejectedError, TransientError, from_status
from ingestion.sampling.spec.experiment import Limits, ProviderSpec

LONGEST_MESSAGE = 500


class _Client(Protocol):
    async def close(self) -> None: ...


Client = TypeVar("Client", bound=_Client)


class SdkProvider(Generic[Client]):
    """A client of an SDK, with the key that it may not tell.

    Args:
        sdk: the module `openai` or `anthropic`.
        make_client: its class of asynchronous clients.
        provider, limits: from the experiment.

    Raises:
        MissingKeyError: if the environment holds no key.
    """

    def __init__(
        self, sdk: ModuleType, make_client: Callable[..., Client], provider: ProviderSpec, limits: Limits
    ) -> None:
        self._sdk = sdk
        self._key = Key(provider)
        self.client = make_client(
            api_key=self._key.reveal(),
            base_url=provider.base_url,
            max_retries=0,
            timeout=limits.timeout_s,
            default_headers={"anthropic-version": provider.anthropic_version} if provider.anthropic_version else None,
        )

    def strike_out(self, text: str) -> str:
        """`text` without the key."""
        return self._key.strike_out(text)

    def error(self, error: Exception) -> ProviderError:
        """What an exception of the SDK means, in words without secrets."""
        return sdk_error(error, self._sdk, self._key)

    async def close(self) -> None:
        """Close connections."""
        await self.client.close()


def sdk_error(error: Exception, sdk: ModuleType, key: Key) -> ProviderError:
    """What an exception of the module `openai` or `anthropic` means, in words without secrets."""
    message = key.strike_out(str(error))[:LONGEST_MESSAGE]
    if isinstance(error, sdk.APIStatusError):
        return from_status(error.status_code, message, error.response.headers)
    if isinstance(error, sdk.APITimeoutError):
        return TransientError("the request timed out")
    if isinstance(error, sdk.APIConnectionError):
        cause = key.strike_out(str(error.__cause__ or ""))[:LONGEST_MESSAGE]
        return TransientError(f"the connection failed: {cause or message}")
    if isinstance(error, sdk.APIError):
        return TransientError(message)
    return RejectedError(f"{type(error).__name__}: {message}")
