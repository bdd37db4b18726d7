"""What providers on OpenAI's and on Anthropic's SDK share: the two take the same options and name their errors alike.

The SDK's own retries are switched off (`max_retries=0`): inside the SDK a wait would hide an overload from the engine,
which slows down for all requests at once; and the SDK does not retry what fails with status 200.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar

from ingestion.sampling.providers.base import Key, ProviderError, RejectedError, Request, TransientError, from_status
from ingestion.sampling.providers.streams import DONE, MakeAssembly, assembled, stream_error
from ingestion.sampling.spec.contracts import is_streamed
from ingestion.sampling.spec.experiment import Limits
from ingestion.sampling.spec.providers import ProviderSpec

LONGEST_MESSAGE = 500
EVENTS = "text/event-stream"


class _Client(Protocol):
    @property
    def post(self) -> Callable[..., Any]: ...
    async def close(self) -> None: ...


Client = TypeVar("Client", bound=_Client)


class SdkProvider(ABC, Generic[Client]):
    """A client of an SDK, with the key that it may not tell.

    Args:
        sdk: the module `openai` or `anthropic`.
        make_client: its class of asynchronous clients.
        provider, limits: from the experiment.

    Attributes:
        path: where requests go, below the client's base URL.
        make_assembly: makes what puts a streamed answer together.
        stream_options: what a request says besides when it asks for a stream.
        stream_class: reads events; the SDK's own class if None.

    Raises:
        MissingKeyError: if the environment holds no key.
    """

    path: str
    make_assembly: MakeAssembly
    stream_options: dict[str, Any] = {"stream": True}  # noqa: RUF012 - never changed
    stream_class: type[Any] | None = None

    def __init__(
        self, sdk: ModuleType, make_client: Callable[..., Client], provider: ProviderSpec, limits: Limits
    ) -> None:
        self._sdk = sdk
        self._key = Key(provider)
        self._provider = provider
        self._errors = (getattr(sdk, "OpenAIError", None) or sdk.AnthropicError, ValueError, TypeError)
        self.client = make_client(
            api_key=self._key.reveal(),
            base_url=provider.base_url,
            max_retries=0,
            timeout=limits.timeout_s,
            default_headers={"anthropic-version": provider.anthropic_version} if provider.anthropic_version else None,
        )

    async def ask(self, request: Request) -> str:
        """The body of one response: verbatim, or put together from a stream; see `Provider.ask`."""
        body = self.sent(request)
        try:
            return self.strike_out(await (self._streamed(body) if "stream" in body else self._post(body)))
        except self._errors as error:
            raise self.error(error) from None

    def sent(self, request: Request) -> dict[str, Any]:
        """What is sent for a request that is no part of a batch."""
        body, spec = self.body(request), self._provider
        if is_streamed(spec.stream, spec.kind, request.model, body.get("max_tokens")):
            return body | self.stream_options
        return body

    @abstractmethod
    def body(self, request: Request) -> dict[str, Any]:
        """The request's JSON body."""

    async def _post(self, body: dict[str, Any]) -> str:
        """The verbatim body of the response to one request.

        Not by the methods that the SDK has for each API: they look through the body for what to rename, and parse the
        response, which together take a fifth of a request's time.
        """
        return str(await self.client.post(self.path, cast_to=str, body=body))

    async def _streamed(self, body: dict[str, Any]) -> str:
        """One response, from its stream; from its body where a server sends it in one piece all the same."""
        events = await self.client.post(
            self.path,
            cast_to=object,
            body=body,
            stream=True,
            stream_cls=self.stream_class or self._sdk.AsyncStream[object],
        )
        async with events:
            has_begun = False
            try:
                if not events.response.headers.get("content-type", "").startswith(EVENTS):
                    return str((await events.response.aread()).decode("utf-8", "replace"))
                assembly = self.make_assembly()
                async for event in events:
                    has_begun = True
                    assembly.add(event)
                if getattr(events, "is_done", False):
                    assembly.add(DONE)
                return assembled(assembly)
            except ProviderError as error:
                problem = type(error)(self.strike_out(str(error))[:LONGEST_MESSAGE])
            except self._sdk.APIError as error:
                problem = self.error(error)
            except Exception as error:  # a cut connection, a silence, or what is no JSON
                what = self.strike_out(f"{type(error).__name__}: {error}")[:LONGEST_MESSAGE]
                problem = TransientError(f"the stream broke off: {what}")
            problem.has_begun = has_begun
            raise problem

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
    if isinstance(error, sdk.APIStatusError) and error.status_code != 200:
        return from_status(error.status_code, message, error.response.headers)
    if isinstance(error, sdk.APITimeoutError):
        return TransientError("the request timed out")
    if isinstance(error, sdk.APIConnectionError):
        cause = key.strike_out(str(error.__cause__ or ""))[:LONGEST_MESSAGE]
        return TransientError(f"the connection failed: {cause or message}")
    if isinstance(error, sdk.APIError):  # told within a stream
        told = stream_error(error.body or message)
        return type(told)(key.strike_out(str(told))[:LONGEST_MESSAGE])
    return RejectedError(f"{type(error).__name__}: {message}")
