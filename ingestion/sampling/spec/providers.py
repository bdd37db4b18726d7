"""Providers as a spec describes them: who serves models, and how fast it may be asked."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from ingestion.sampling.spec.tasks import Strict


class ProviderSpec(Strict):
    """Who serves models, and how fast it may be asked."""

    kind: Literal["openai", "anthropic", "openai_compatible", "local", "inspect"]
    """`openai_compatible`: vLLM, Ollama, llama.cpp, or anything else that speaks OpenAI's protocol at `base_url`.
    `inspect`: whatever Inspect can ask, for tasks of the kind `inspect`."""
    api: Literal["chat", "responses", "completions"] = "chat"
    """Which of OpenAI's APIs to speak. `responses` takes no seed; `completions` is for base models."""
    anthropic_version: Literal["2023-06-01", "2026-10-21"] | None = None
    """Version of Anthropic's API; the SDK's own (2026-10-21) if not given. The older one takes sampling parameters."""
    base_url: str | None = None
    """Address of the API, for example `http://127.0.0.1:8000/v1`."""
    api_key_env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=100)] | None = None
    """Name of the environment variable that holds the key; never the key itself."""
    concurrency: Annotated[int, Field(ge=1, le=10_000)] = 32
    """Most requests in flight. Fewer are used while the provider says that it is overloaded."""
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    """Rate limit on requests."""
    tokens_per_minute: Annotated[int, Field(ge=1)] | None = None
    """Rate limit on tokens, read and written, as estimated beforehand."""
    batch: bool = False
    """Use the provider's batch API: half the price, answers within a day."""
    stream: bool | None = None
    """Read answers while they are written; by itself where Anthropic's SDK demands it (`max_tokens` above 21,333)."""

    @property
    def key_variable(self) -> str | None:
        """Name of the environment variable that holds the key; None where none is needed."""
        return self.api_key_env or {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}.get(self.kind)

    @field_validator("anthropic_version", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else value  # YAML takes it for a date

    @field_validator("base_url")
    @classmethod
    def _plain_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("write it as http://host:port/v1")
        if parts.username or parts.password or parts.query:
            raise ValueError("leave keys and passwords out of it; name an environment variable in api_key_env")
        return value

    @model_validator(mode="after")
    def _fits(self) -> ProviderSpec:
        if self.kind == "openai_compatible" and self.base_url is None:
            raise ValueError("an openai_compatible provider needs base_url; add it")
        if self.kind == "local" and (self.base_url or self.api_key_env or self.batch):
            raise ValueError("a local provider runs in this process; drop base_url, api_key_env and batch")
        if self.kind == "inspect" and (self.base_url or self.api_key_env or self.batch or self.api != "chat"):
            raise ValueError(
                "Inspect takes keys and addresses from the environment; drop base_url, api_key_env, batch, api"
            )
        if self.api != "chat" and self.kind == "anthropic":
            raise ValueError(f"Anthropic has no {self.api} API; drop api")
        if self.anthropic_version and self.kind != "anthropic":
            raise ValueError("anthropic_version is for anthropic; drop it")
        if self.batch and self.kind == "openai_compatible":
            raise ValueError("batch is for openai and anthropic; drop it")
        if self.stream is not None and (self.batch or self.kind in ("local", "inspect")):
            raise ValueError("stream is for requests over HTTP, one by one; drop it, or batch")
        return self


BUILT_IN_PROVIDERS = {
    "openai": ProviderSpec(kind="openai"),
    "openai_responses": ProviderSpec(kind="openai", api="responses"),
    "anthropic": ProviderSpec(kind="anthropic"),
    "local": ProviderSpec(kind="local", concurrency=1),
    "inspect": ProviderSpec(kind="inspect"),
}
"""Providers that a spec may use without describing them."""
