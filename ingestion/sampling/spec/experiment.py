"""The experiment spec: what to sample, from whom, under which conditions, within which limits. YAML, checked in full.

Everything that a spec can say is here; reading it, and saying what is wrong with it, is `ingestion.sampling.spec.file`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from ingestion.sampling.spec.contracts import Asked, broken_terms
from ingestion.sampling.spec.engines import AskedModel, engine_problems
from ingestion.sampling.spec.epochs import Epochs, EpochsUntil, epochs_problem
from ingestion.sampling.spec.models import Price
from ingestion.sampling.spec.providers import BUILT_IN_PROVIDERS, ProviderSpec
from ingestion.sampling.spec.tasks import AnyTask, InspectTask, Name, Strict, task_name

PromptFormat = Literal["choice", "probability", "open_ended"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max", "adaptive"]
Reasoning = Effort | Annotated[int, Field(ge=1)]


class ModelSpec(Strict):
    """A model to sample."""

    id: Name
    """The model's id in the warehouse."""
    provider: Name
    """A provider of this spec, or openai, openai_responses, anthropic, local, inspect."""
    served_as: Name | None = None
    """The model's name in requests, if it is not `id`."""
    family: Name | None = None
    """Family of models that differ in scale alone."""
    param_count: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    """Number of parameters."""
    type: Literal["base", "instruct", "thinking"] | None = None
    """What kind of model it is."""
    price: Price | None = None
    """Overrides the price table."""

    @property
    def request_name(self) -> str:
        """The model's name in requests."""
        return self.served_as or self.id


class ConditionSpec(Strict):
    """What is held fixed while repeating. A list of formats or budgets stands for one condition for each."""

    prompt_format: PromptFormat | tuple[PromptFormat, ...] = "choice"
    """choice (an answer letter), probability (a number for each option), open_ended (options left out)."""
    reasoning: Reasoning | tuple[Reasoning | None, ...] | None = None
    """Reasoning effort (low, medium, high, …) or a budget of thinking tokens; the provider's default if not given."""
    shots: Annotated[int, Field(ge=0, le=100)] = 0
    """Few-shot examples in the prompt."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """Sampling temperature; the provider's default if not given."""
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    """Nucleus sampling threshold."""
    top_k: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    """Top-k sampling cut-off."""
    max_tokens: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    """Limit on output tokens, reasoning tokens included."""
    system: str | None = None
    """System prompt."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Further fields of the request, for example vLLM's `chat_template_kwargs`."""
    contexts: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Overrides the experiment's `contexts`."""
    epochs: Epochs | None = None
    """Overrides the experiment's `epochs`."""
    models: tuple[Name, ...] | None = None
    """Only these models; all if not given."""
    tasks: tuple[Name, ...] | None = None
    """Only these tasks; all if not given."""

    @field_validator("extra_body")
    @classmethod
    def _no_secret(cls, value: dict[str, Any]) -> dict[str, Any]:
        # A condition is written to the warehouse with everything in it.
        for name in value:
            if re.search(r"api_?key|token$|secret|password|authorization|headers", name, re.IGNORECASE):
                raise ValueError(f"{name!r} looks like a secret, and conditions are written down; use api_key_env")
        return value


class Limits(Strict):
    """How long to wait, and how often to try."""

    timeout_s: Annotated[float, Field(gt=0)] = 600.0
    """Seconds until a request is given up."""
    attempts: Annotated[int, Field(ge=1)] = 5
    """Tries per sample when a request fails (a server error, a cut connection, an answer that is no answer)."""
    patience_s: Annotated[float, Field(ge=0)] = 900.0
    """Seconds per sample to wait for a provider that says it is overloaded."""
    backoff_s: Annotated[float, Field(ge=0)] = 1.0
    """Seconds before the second try, doubled each time, at most a minute, with jitter."""
    max_consecutive_errors: Annotated[int, Field(ge=1)] = 20
    """Stop when so many samples in a row end in an error: something is wrong with the setup."""
    batch_requests: Annotated[int, Field(ge=1, le=50_000)] = 10_000
    """Requests per batch, where a provider's batch API is used."""
    batch_poll_s: Annotated[float, Field(gt=0)] = 60.0
    """Seconds between looks at a batch."""


class EmbeddingSpec(Strict):
    """Embeds the open-ended answers of the experiment."""

    model: Name = "text-embedding-3-large"
    """Name of the embedding model."""
    provider: Literal["openai", "openai_compatible", "sentence_transformers"] = "openai"
    """`sentence_transformers` runs on this machine and is an optional extra."""
    base_url: str | None = None
    """Address of an OpenAI-compatible embeddings server."""
    api_key_env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=100)] | None = None
    """Name of the environment variable that holds the key."""
    dimensions: Annotated[int, Field(ge=1)] | None = None
    """Shortens the vectors, where the model can."""
    batch: Annotated[int, Field(ge=1, le=2048)] = 256
    """Answers per request."""

    @model_validator(mode="after")
    def _fits(self) -> EmbeddingSpec:
        if self.provider == "openai_compatible" and self.base_url is None:
            raise ValueError("an openai_compatible server needs base_url; add it")
        if self.provider == "sentence_transformers" and (self.base_url or self.api_key_env):
            raise ValueError("sentence_transformers runs on this machine; drop base_url and api_key_env")
        return self


class ExperimentSpec(Strict):
    """One experiment: every task × model × condition, contexts × epochs per item."""

    name: Name
    """Name of the experiment."""
    tasks: Annotated[tuple[AnyTask, ...], Field(min_length=1)]
    models: Annotated[tuple[ModelSpec, ...], Field(min_length=1)]
    conditions: Annotated[tuple[ConditionSpec, ...], Field(min_length=1)]
    providers: dict[Name, ProviderSpec] = Field(default_factory=dict)
    """Providers by name, beside the built-in openai, openai_responses, anthropic, local and inspect."""
    contexts: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Few-shot contexts per item; only conditions with `shots` can have several."""
    epochs: Epochs = 30
    """Samples per item and context: a number, or `{from: 5, to: 30, until: {width: 0.1}}`. Raise it later and only the
    new ones are paid for."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Chooses items, few-shot examples, and the seeds of requests."""
    limits: Limits = Limits()
    budget_usd: Annotated[float, Field(gt=0)] | None = None
    """Stop before the experiment has cost more than this, in all its runs together."""
    embeddings: EmbeddingSpec | None = None

    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """The folder of the spec's file."""
        return self._folder

    def resolve(self, path: Path) -> Path:
        """A path of the spec: relative ones are relative to the spec's file."""
        return path if path.is_absolute() else self._folder / path

    def provider(self, name: str) -> ProviderSpec:
        """The provider of that name."""
        return self.providers[name] if name in self.providers else BUILT_IN_PROVIDERS[name]

    @model_validator(mode="after")
    def _epochs_fit(self) -> ExperimentSpec:
        for number, condition in enumerate(self.conditions):
            epochs, n_contexts = condition.epochs or self.epochs, condition.contexts or self.contexts
            if problem := epochs_problem(epochs, n_contexts, several(condition.prompt_format)):
                raise ValueError(f"conditions.{number}.{problem}")
            if isinstance(epochs, EpochsUntil) and any(isinstance(task, InspectTask) for task in self.tasks):
                raise ValueError(
                    "epochs: until is for tasks that are asked here, not by Inspect; write a number of epochs"
                )
        return self

    @model_validator(mode="after")
    def _names_fit(self) -> ExperimentSpec:
        known = {**BUILT_IN_PROVIDERS, **self.providers}
        ids = [model.id for model in self.models]
        names = [task_name(task) for task in self.tasks]
        for what, values in (("models: id", ids), ("tasks: name", names)):
            for value in values:
                if values.count(value) > 1:
                    raise ValueError(f"{what} {value!r} is used twice; give each its own")
        for model in self.models:
            if model.provider not in known:
                raise ValueError(
                    f"models: provider {model.provider!r} of {model.id!r} is unknown; "
                    f"use one of {', '.join(known)}, or describe it under providers"
                )
        for number, condition in enumerate(self.conditions):
            for what, chosen, there in (("models", condition.models, ids), ("tasks", condition.tasks, names)):
                for name in chosen or ():
                    if name not in there:
                        raise ValueError(
                            f"conditions.{number}.{what}: {name!r} is not in {what}; use one of {', '.join(there)}"
                        )
            if condition.shots == 0 and (condition.contexts or self.contexts) > 1:
                raise ValueError(
                    f"conditions.{number}: contexts is {condition.contexts or self.contexts}, but without few-shot "
                    "examples all contexts are the same; set shots, or contexts: 1 and more epochs for this condition"
                )
            for model in self.models:
                if condition.models is None or model.id in condition.models:
                    _check_settings(number, condition, model, known[model.provider])
        asked = [AskedModel(known[model.provider].kind, model.provider, model.served_as) for model in self.models]
        for problem in engine_problems(self.tasks, asked, has_budget=self.budget_usd is not None):
            raise ValueError(problem)
        return self


def several(value: Any) -> tuple[Any, ...]:
    """A field that may be one value or a list of them."""
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _check_settings(number: int, condition: ConditionSpec, model: ModelSpec, provider: ProviderSpec) -> None:
    for prompt_format in several(condition.prompt_format):
        for reasoning in several(condition.reasoning):
            asked = Asked(
                model=model.request_name,
                kind=provider.kind,
                api=provider.api,
                anthropic_version=provider.anthropic_version,
                prompt_format=prompt_format,
                reasoning=reasoning,
                sampling={name: getattr(condition, name) for name in ("temperature", "top_p", "top_k")},
                max_tokens=condition.max_tokens,
                stream=provider.stream,
                is_batch=provider.batch,
                extra_body=condition.extra_body,
            )
            for problem in broken_terms(asked):
                raise ValueError(f"conditions.{number}.{problem}")
