"""What a completion comes to: its status and its parsed answer. Pure; the rules of `method.md` in one place.

- `refused`: the model, or a filter, declined.
- `ok`: the answer is there in the form that was asked for.
- `format_failure`: it is not; an empty completion is one, and so is one that was cut off before its answer.

`limit` is for agents that run out of turns or time, and the sampler has none: a completion that was cut off at
`max_tokens` keeps its finish reason, and is judged by what it holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingestion.answers import option_letter, parse_letter, parse_probabilities
from ingestion.sampling.providers.wire import Reply

PARSER_VERSION = 2
"""To be raised when the same response would give another answer: partitions are then derived anew."""

_ANSWER_TAG = re.compile(r"<(/?)answer>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A status of `SAMPLE_STATUSES` and the parsed answer.

    Attributes:
        status: ok, format_failure or refused.
        choice_index: 0-based chosen option; None if none.
        class_probs: stated probabilities, as stated; None unless stated.
        answer: the answer as text.
    """

    status: str
    choice_index: int | None = None
    class_probs: list[float] | None = None
    answer: str | None = None


def judge(reply: Reply, prompt_format: str, n_choices: int) -> Outcome:
    """What became of a sample.

    Args:
        reply: the completion.
        prompt_format: what the prompt asked for.
        n_choices: options of the item.
    """
    if reply.is_refusal:
        return Outcome("refused")
    if prompt_format == "probability":
        probabilities = parse_probabilities(reply.text, n_choices)
        if probabilities is None:
            return Outcome("format_failure")
        return Outcome("ok", class_probs=probabilities, answer=", ".join(map(repr, probabilities)))
    if prompt_format == "choice":
        index = parse_letter(reply.text, n_choices)
        if index is None:
            return Outcome("format_failure")
        return Outcome("ok", choice_index=index, answer=option_letter(index))
    text = last_answer(reply.text)
    return Outcome("format_failure") if text is None else Outcome("ok", answer=text)


def last_answer(completion: str) -> str | None:
    """The text of the last complete `<answer>…</answer>`, trimmed; None without one, or if it is empty."""
    content: str | None = None
    opened: int | None = None
    for tag in _ANSWER_TAG.finditer(completion):
        if not tag[1]:
            opened = tag.end()
        elif opened is not None:
            content, opened = completion[opened : tag.start()].strip(), None
    return content or None
