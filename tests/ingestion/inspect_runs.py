"""Real Inspect logs for tests: runs of inspect-ai's mock model with chosen answers. No network, a fraction of a second.

log = run_inspect(tmp_path, mcq_task({"q1": ["ANSWER: A", "ANSWER: B"]}))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessageAssistant,
    ContentReasoning,
    ContentText,
    ModelOutput,
    ModelUsage,
    StopReason,
    get_model,
)
from inspect_ai.scorer import Scorer, choice
from inspect_ai.solver import Solver, multiple_choice
from inspect_ai.solver._task_state import sample_state

Answers = Mapping[str | int, Sequence[Any]]
"""By item id, one answer for each epoch: a text, a `ModelOutput`, or an exception to raise."""

CHOICES = ["red", "green", "blue", "grey"]


def output(
    text: str,
    *,
    reasoning: str | None = None,
    usage: ModelUsage | None = None,
    stop_reason: StopReason = "stop",
    model: str = "mock-2026-01-01",
) -> ModelOutput:
    """A model's answer. Usage is always set: inspect's mock model would fetch a tokenizer to count for itself."""
    parts = [ContentReasoning(reasoning=reasoning)] if reasoning else []
    message = ChatMessageAssistant(content=[*parts, ContentText(text=text)], model=model, source="generate")
    return ModelOutput(
        model=model,
        choices=[ChatCompletionChoice(message=message, stop_reason=stop_reason)],
        usage=usage or ModelUsage(input_tokens=10, output_tokens=5, total_tokens=15),
    )


def mcq_task(
    answers: Answers,
    *,
    targets: Mapping[str | int, str] | None = None,
    choices: Sequence[str] = CHOICES,
    metadata: Mapping[str, Any] | None = None,
    solver: Solver | list[Solver] | None = None,
    scorer: Scorer | list[Scorer] | None = None,
    name: str = "colours",
    **task_options: Any,
) -> tuple[Task, Answers]:
    """A multiple-choice task whose items are the keys of `answers`; A is right unless `targets` says else."""
    samples = [
        Sample(
            id=item,
            input=f"Which colour is {item}?",
            choices=list(choices),
            target=(targets or {}).get(item, "A"),
            metadata=dict(metadata or {}),
        )
        for item in answers
    ]
    task = Task(
        name=name,
        dataset=MemoryDataset(samples),
        solver=solver or multiple_choice(),
        scorer=choice() if scorer is None else scorer,
        epochs=max(len(texts) for texts in answers.values()),
        **task_options,
    )
    return task, answers


def run_inspect(
    folder: Path,
    task_and_answers: tuple[Task, Answers | Callable[..., ModelOutput]],
    *,
    model: str = "mockllm/mock-large",
    log_format: Literal["eval", "json"] = "eval",
    **eval_options: Any,
) -> Path:
    """Run the task with the mock model giving those answers, and return the log that Inspect wrote."""
    task, answers = task_and_answers

    def answer(*call: Any) -> ModelOutput:
        if callable(answers):
            return answers(*call)
        state = sample_state()
        assert state is not None
        given = answers[state.sample_id][state.epoch - 1]
        if isinstance(given, Exception):
            raise given
        return given if isinstance(given, ModelOutput) else output(given)

    (log,) = eval(
        task,
        model=get_model(model, custom_outputs=answer, memoize=False),
        log_dir=str(folder),
        log_format=log_format,
        display="none",
        log_level="error",
        **{"log_realtime": False, "log_model_api": False, **eval_options},
    )
    return Path(log.location)
