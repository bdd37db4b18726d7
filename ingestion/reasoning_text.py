"""Reasoning that a model wrote into its completion: cut out, because it is not the model's final word.

Servers without a reasoning parser (vLLM without `--reasoning-parser`, Ollama, llama.cpp) return the thinking inside the
completion. A letter that is guessed in there is no answer, and where the thinking was cut off there is none. Every door
reads a completion through `split_reasoning` before it looks for an answer, and through `final_word` where it knows why
the completion ended. Pure functions of text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

CUT_OFF = "cut off while reasoning"
"""Reason of a format failure: the completion ended before the reasoning did."""

AT_A_LIMIT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded"})
"""Reasons to stop, in lower case, of what was cut off at a limit on its length: dbt's var `cut_off_reasons`."""

_NAMES = "think|thinking|thought|thoughts|reasoning|reflection|scratchpad|antthinking|ant_thinking|seed:think"

_FORMS = (
    # (opening, closing), as patterns; an XML name closes what it has opened.
    (rf"<(?P<xml>{_NAMES})(?:\s[^<>]{{0,100}})?>", rf"</(?P<xml_end>{_NAMES})\s*>"),  # DeepSeek-R1, Qwen3, GLM, …
    (r"(?P<square>\[THINK\])", r"(?P<square_end>\[/THINK\])"),  # Magistral
    (r"(?P<kimi>◁think▷)", r"(?P<kimi_end>◁/think▷)"),  # Kimi
    (r"(?P<command><\|START_THINKING\|>)", r"(?P<command_end><\|END_THINKING\|>)"),  # Command A Reasoning
    (r"(?P<thought><\|begin_of_thought\|>)", r"(?P<thought_end><\|end_of_thought\|>)"),  # OpenThinker, Sky-T1
    # gpt-oss: channels, with their marks and (where special tokens are dropped) without.
    (
        r"(?P<channel>(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)\b[^<]{0,200}<\|message\|>)",
        r"(?P<channel_end>(?:<\|end\|>)?(?:<\|start\|>assistant)?<\|channel\|>final\b[^<]{0,200}<\|message\|>)",
    ),
    (r"(?P<bare>\A\s{0,20}(?-i:analysis(?=[A-Z])))", r"(?P<bare_end>(?-i:assistantfinal))"),
    # Granite 3.2
    (
        r"(?P<granite>\A\s{0,20}Here(?:'s| is) my thought process:)",
        r"(?P<granite_end>Here(?:'s| is) my response:)",
    ),
)
_MARK = re.compile("|".join(f"(?<!`){pattern}" for pair in _FORMS for pattern in pair), re.IGNORECASE)
# Words that only mean anything where they close what was opened.
_NEEDS_OPENING = {"bare", "granite", "channel"}
_OPENED_AT_THE_END = re.compile(
    "(?:" + "|".join(re.sub(r"\?P<\w+>", "?:", opening) for opening, _ in _FORMS[:5]) + r")\s*\Z", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class FinalWord:
    """A completion, with the reasoning that was written into it taken out.

    Attributes:
        text: what the model said in the end; the completion itself, unchanged, where it holds no reasoning, and empty
            where it was cut off while reasoning.
        reasoning: what was taken out, without its tags; None if nothing was.
        is_cut_off: reasoning was opened and not closed: there is no answer, whatever was written so far.
        was_open: a closing tag ended what the completion had not opened: the prompt had.
    """

    text: str
    reasoning: str | None = None
    is_cut_off: bool = False
    was_open: bool = False


def split_reasoning(completion: str, *, is_open: bool = False) -> FinalWord:
    """Cut the reasoning out of a completion.

    A closing tag without an opening one ends reasoning that began with the completion: templates of DeepSeek-R1 and
    Qwen3 put the opening tag into the prompt. Tags in backticks are quoted, and mean nothing.

    Args:
        completion: the text as the model wrote it.
        is_open: whether the prompt ended in an opening tag (`opens_reasoning`), so that a completion without any tag
            is reasoning that was cut off.
    """
    if not is_open and not _may_hold_a_mark(completion):
        return FinalWord(completion)
    thoughts: list[str] = []
    said: list[str] = []
    opened = "prompt" if is_open else None
    was_open = is_open
    position = 0
    for mark in _MARK.finditer(completion):
        name, is_end = _name(mark)
        if opened is None and not is_end:
            said.append(completion[position : mark.start()])
        elif is_end and (opened in (name, "prompt") or (opened is None and name not in _NEEDS_OPENING)):
            if opened is None:  # all of it was reasoning
                thoughts, said = [], []
                position = 0
                was_open = True
            thoughts.append(completion[position : mark.start()])
        else:
            continue  # a tag that is written about while reasoning
        opened = None if is_end else name
        position = mark.end()
    rest = completion[position:]
    if opened is not None:
        thoughts.append(rest)
        return FinalWord("", _joined(thoughts), is_cut_off=True, was_open=was_open)
    if not position:
        return FinalWord(completion)
    return FinalWord("".join([*said, rest]).strip(), _joined(thoughts), was_open=was_open)


def final_word(
    completion: str, *, finish_reason: str | None, has_reasoned: bool, opens_in_prompt: bool = False
) -> FinalWord:
    """`split_reasoning`, and no word at all where a limit came before the first one behind the reasoning.

    Args:
        completion: the text as the model wrote it.
        finish_reason: why it ended, as reported.
        has_reasoned: whether reasoning was told apart from it: in a field or a column of its own, or by its tokens.
        opens_in_prompt: whether the prompt may have ended in an opening tag: a completion that was cut off without any
            tag is then reasoning.
    """
    is_limited = is_at_a_limit(finish_reason)
    word = split_reasoning(completion, is_open=opens_in_prompt and is_limited)
    if is_limited and not word.text.strip() and (has_reasoned or word.reasoning):
        return replace(word, text="", is_cut_off=True)
    return word


def is_at_a_limit(finish_reason: str | None) -> bool:
    """Whether a completion was cut off at a limit on its length."""
    return finish_reason is not None and finish_reason.lower() in AT_A_LIMIT


def _may_hold_a_mark(completion: str) -> bool:
    """Whether to look for marks at all: most completions hold none, and looking takes a tenth of an import's time."""
    start = completion.lstrip()[:8].lower()
    return "<" in completion or "[" in completion or "◁" in completion or start.startswith(("analysis", "here"))


def opens_reasoning(prompt: str) -> bool:
    """Whether a prompt, as its template wrote it, ends in an opening tag: the completion then begins with reasoning."""
    return _OPENED_AT_THE_END.search(prompt[-200:]) is not None


def _name(mark: re.Match[str]) -> tuple[str, bool]:
    """The form of a tag, and whether it closes; for XML the form is the tag's own name."""
    group = str(mark.lastgroup)
    form, is_end = group.removesuffix("_end"), group.endswith("_end")
    return (mark[group].lower() if form == "xml" else form), is_end


def _joined(thoughts: list[str]) -> str | None:
    return "\n\n".join(text for thought in thoughts if (text := thought.strip())) or None
