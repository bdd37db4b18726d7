"""What a completion comes to: its status and its parsed answer. Pure; the rules of `method.md` in one place.

- `refused`: the model, or a filter, declined.
- `ok`: the answer is there in the form that was asked for.
- `format_failure`: it is not; an empty completion is one, and so is one that was cut off before its answer. Reasoning
  that is written into the completion is no answer, and where it was cut off there is none (`ingestion.reasoning_text`).

`limit` is for agents that run out of turns or time, and the sampler has none: a completion that was cut off at
`max_tokens` keeps its finish reason, and is judged by what it holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ingestion.answers import option_letter, parse_letter, parse_probabilities
from ingestion.reasoning_text import CUT_OFF, final_word
from ingestion.sampling.providers.wire import Reply

PARSER_VERSION = 5
"""To be raised when the same response would give another answer: partitions are then derived anew."""

_ANSWER_TAG = re.compile(r"<(/?)answer>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A status of `SAMPLE_STATUSES`, the parsed answer, and the completion with its reasoning told apart.

    Attributes:
        status: ok, format_failure or refused.
        completion: the text without reasoning.
        reasoning: what the provider returned as reasoning, then what was written into the completion.
        choice_index: 0-based chosen option; None if none.
        class_probs: stated probabilities, as stated; None unless stated.
        answer: the answer as text.
        error: why there is no answer, where that can be told.
    """

    status: str
    completion: str
    reasoning: str | None = None
    choice_index: int | None = None
    class_probs: list[float] | None = None
    answer: str | None = None
    error: str | None = None


def judge(reply: Reply, prompt_format: str, n_choices: int, *, opens_in_prompt: bool = False) -> Outcome:
    """What became of a sample.

    Args:
        reply: the completion.
        prompt_format: what the prompt asked for.
        n_choices: options of the item.
        opens_in_prompt: the model's template opens reasoning in the prompt, as other completions of the partition
            show: one that was cut off without closing it never came to its answer.
    """
    has_reasoned = bool(reply.reasoning or reply.reasoning_tokens)
    word = final_word(
        reply.text, finish_reason=reply.finish_reason, has_reasoned=has_reasoned, opens_in_prompt=opens_in_prompt
    )
    reasoning = "\n\n".join(text for text in (reply.reasoning, word.reasoning) if text) or None
    told: Any = {"completion": word.text, "reasoning": reasoning}
    if reply.is_refusal:
        return Outcome("refused", **told)
    if word.is_cut_off:
        return Outcome("format_failure", **told, error=CUT_OFF)
    if prompt_format == "probability":
        probabilities = parse_probabilities(word.text, n_choices)
        if probabilities is not None:
            return Outcome("ok", **told, class_probs=probabilities, answer=", ".join(map(repr, probabilities)))
    elif prompt_format == "choice":
        index = parse_letter(word.text, n_choices)
        if index is not None:
            return Outcome("ok", **told, choice_index=index, answer=option_letter(index))
    elif (text := last_answer(word.text)) is not None:
        return Outcome("ok", **told, answer=text)
    return Outcome("format_failure", **told)


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
