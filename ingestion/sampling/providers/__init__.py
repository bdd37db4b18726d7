"""Providers: who is asked. Each is one small file on the provider's official SDK, or runs in this process."""

from __future__ import annotations

from collections.abc import Mapping

from ingestion.sampling.providers.base import AnyProvider
from ingestion.sampling.spec.experiment import ExperimentSpec, Limits
from ingestion.sampling.spec.providers import ProviderSpec

__all__ = ["AnyProvider", "make_provider", "protocol_of"]


def protocol_of(provider: ProviderSpec) -> str:
    """The protocol that the provider's responses are in: a key of `ingestion.sampling.providers.wire.READERS`."""
    if provider.kind == "local":
        return "local"
    return "anthropic.messages" if provider.kind == "anthropic" else f"openai.{provider.api}"


def make_provider(
    spec: ExperimentSpec, name: str, model: str, given: Mapping[str, AnyProvider] | None = None
) -> AnyProvider:
    """A provider that is ready to be asked.

    Args:
        spec: the experiment.
        name: the provider's name in it.
        model: the model that will be asked for; an in-process provider loads it.
        given: providers by name that are used instead of making one.

    Raises:
        MissingKeyError: if the environment holds no key.
    """
    if given and name in given:
        return given[name]
    return _make(spec.provider(name), spec.limits, model)


def _make(provider: ProviderSpec, limits: Limits, model: str) -> AnyProvider:
    # Imported when needed: each SDK takes about a second.
    if provider.kind == "anthropic":
        from ingestion.sampling.providers.anthropic_messages import AnthropicMessages

        return AnthropicMessages(provider, limits)
    if provider.kind == "local":
        from ingestion.sampling.providers.local import load_local

        return load_local(model)
    from ingestion.sampling.providers.openai_api import OpenAIChat, OpenAICompletions, OpenAIResponses

    if provider.api == "completions":
        return OpenAICompletions(provider, limits)
    return OpenAIResponses(provider, limits) if provider.api == "responses" else OpenAIChat(provider, limits)
