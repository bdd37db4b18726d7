"""The parts of an Inspect log that are read, as typed structs, and how bytes become them.

Fields that are not named here (events, the store, calls) are skipped by the decoder without building objects.
Format: Inspect log version 2 (and 1), fields as in inspect-ai 0.3.100 to 0.3.285.
"""

from __future__ import annotations

from typing import Any

from msgspec import Raw, Struct, field

LOG_VERSION = 2
"""Newest log version that the structs are known to fit."""


class Usage(Struct):
    """Tokens of one call, or of all calls of one model."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_cache_read: int | None = None
    input_tokens_cache_write: int | None = None
    reasoning_tokens: int | None = None
    total_cost: float | None = None

    def negated(self) -> Usage:
        """The same with the sign turned, to take one sum from another."""
        return Usage(**{name: None if (n := getattr(self, name)) is None else -n for name in self.__struct_fields__})


class Part(Struct):
    """One part of a message's content."""

    type: str = ""
    text: str | None = None
    reasoning: str | None = None


class Message(Struct):
    """One message of a conversation."""

    role: str = ""
    content: str | list[Part] = ""
    source: str | None = None
    reasoning: str | None = None
    tool_calls: list[Raw] | None = None

    @property
    def text(self) -> str:
        """The text without reasoning."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text or "" for part in self.content if part.type == "text")

    @property
    def reasoning_text(self) -> str | None:
        """The reasoning, where the provider returned it."""
        parts = [] if isinstance(self.content, str) else [part.reasoning for part in self.content]
        texts = [text for text in (self.reasoning, *parts) if text]
        return "\n".join(texts) or None


class Choice(Struct):
    """One of the completions of a call."""

    message: Message = field(default_factory=Message)
    stop_reason: str | None = None


class Output(Struct):
    """The last call's answer."""

    model: str | None = None
    choices: list[Choice] = []
    completion: str | None = None
    usage: Usage | None = None


class Score(Struct):
    """One scorer's verdict."""

    value: Any = None
    answer: str | None = None
    explanation: str | None = None
    metadata: Raw = Raw(b"null")


class SampleError(Struct):
    """Why a sample failed."""

    message: str = ""


class SampleLimit(Struct):
    """The limit that stopped a sample."""

    type: str = ""
    reason: str | None = None


class CallOutput(Struct):
    """What a call of a model took."""

    usage: Usage | None = None


class Event(Struct):
    """Something that happened while a sample ran: the beginning of a span, or a call of a model."""

    event: str = ""
    span_id: str | None = None
    id: str | None = None
    parent_id: str | None = None
    type: str | None = None
    action: str | None = None
    model: str | None = None
    role: str | None = None
    output: CallOutput | None = None


class Sample(Struct):
    """One sample of the log."""

    id: int | str
    epoch: int
    input: str | list[Message]
    target: str | list[str] = ""
    choices: list[str] | None = None
    messages: list[Message] = []
    output: Output = field(default_factory=Output)
    scores: dict[str, Score] | None = None
    metadata: Raw = Raw(b"null")
    attachments: Raw = Raw(b"null")
    model_usage: dict[str, Usage] = {}
    role_usage: dict[str, Usage] | None = None
    events: Raw = Raw(b"null")
    started_at: str | None = None
    completed_at: str | None = None
    total_time: float | None = None
    uuid: str | None = None
    error: SampleError | None = None
    limit: SampleLimit | None = None
    invalidation: Raw = Raw(b"null")

    @property
    def targets(self) -> list[str]:
        """The right answers; usually one."""
        return [self.target] if isinstance(self.target, str) else self.target


class Step(Struct):
    """One solver of the plan."""

    solver: str = ""
    params: dict[str, Any] | None = None
    params_passed: dict[str, Any] | None = None


class Plan(Struct):
    """The solvers, and the task's own generation settings."""

    steps: list[Step] = []
    config: dict[str, Any] = {}


class Scorer(Struct):
    """A scorer that the task names."""

    name: str = ""
    metrics: Any = None
    options: Any = None


class EvalSpec(Struct):
    """What was run."""

    task: str
    model: str
    eval_id: str | None = None
    run_id: str | None = None
    created: str | None = None
    task_version: Any = None
    task_args: dict[str, Any] = {}
    model_args: Any = None
    model_roles: Any = None
    dataset: Any = None
    model_generate_config: dict[str, Any] = {}
    config: dict[str, Any] = {}
    packages: dict[str, Any] = {}
    metadata: Any = None
    scorers: list[Scorer] | None = None


class Headline(Struct):
    """Which score the run calls its main one."""

    scorer: str | None = None
    score: str | None = None


class Results(Struct):
    """The run's own summary."""

    headline: Headline | None = None
    total_samples: int | None = None


class Header(Struct):
    """Everything of a log but its samples: `header.json`, or the journal's start."""

    eval: EvalSpec
    version: int = LOG_VERSION
    status: str | None = None
    plan: Plan = field(default_factory=Plan)
    results: Results | None = None


class JsonLog(Header):
    """A whole log in one JSON file; samples stay bytes until their turn."""

    samples: list[Raw] | None = None
