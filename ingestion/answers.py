"""Answers out of completions: a chosen option, or stated probabilities. Pure functions of text.

The parsers are total: any text gives an answer or a format failure with its reason, and never a guess.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ingestion.answer_phrases import (
    ANOTHER,
    ASSERTION,
    BETWEEN,
    DECIDE,
    DECLARATION,
    DOUBT,
    LABEL,
    LETTER,
    NEED_CAPITALS,
    NOTHING_MORE,
    RETRACTION,
    SENTENCE_END,
    SHOUTED,
    VALUE,
    patterns,
)

NONE = "no option"
"""Reason of a format failure: the text names no option of the item beyond doubt."""

SEVERAL = "several options"
"""Reason of a format failure: several options were submitted as the answer where one is right."""

_LONGEST_LINE = 400
_LONGEST_LIST = 200
_NEAR = 80
"""Characters before and behind an assertion in which a doubt is looked for."""

_PROB_TAG = re.compile(r"<(/?)PROB>", re.IGNORECASE)
_PLAIN_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a text chose.

    Attributes:
        index: the option, 0-based; None if it chose none, or not one.
        failure: then the reason, `NONE` or `SEVERAL`.
    """

    index: int | None = None
    failure: str | None = None


_NO_OPTION = Chosen(failure=NONE)
_SEVERAL_OPTIONS = Chosen(failure=SEVERAL)


def option_letter(index: int) -> str:
    """The letter of a 0-based option: A to Z, then 1, 2, … as Inspect letters them."""
    return chr(ord("A") + index) if index < 26 else str(index - 25)


def option_index(letter: str, n_choices: int) -> int | None:
    """The 0-based option that a letter names, or None if there is no such option."""
    letter = letter.strip()
    if len(letter) == 1 and letter.isascii() and letter.isalpha():
        index = ord(letter.upper()) - ord("A")
    elif letter.isascii() and letter.isdigit() and len(letter) <= 3 and int(letter) > 0:
        index = 25 + int(letter)
    else:
        return None
    return index if index < n_choices else None


def target_index(target: Sequence[str], choices: Sequence[str]) -> int | None:
    """The 0-based right option: named by its letter or by its text; None for several targets or for neither."""
    if len(target) != 1:
        return None
    index = option_index(target[0], len(choices))
    if index is None and list(choices).count(target[0]) == 1:
        index = list(choices).index(target[0])
    return index


def parse_letter(completion: str, n_choices: int) -> int | None:
    """The option that a completion chooses by its letter, 0-based, or None if it names none or several."""
    return read_option(completion, n_choices).index


@lru_cache(4_096)
def submitted_option(answer: str, n_choices: int) -> Chosen:
    """What an answer that a scorer has already extracted chooses: a letter, or several ("A, C")."""
    if (index := option_index(answer, n_choices)) is not None:
        return Chosen(index)
    return _SEVERAL_OPTIONS if _is_list_of_options(answer, n_choices) else _NO_OPTION


def read_option(completion: str, n_choices: int, choices: Sequence[str] | None = None) -> Chosen:
    """The option that a completion chooses, 0-based, or why it chooses none.

    The last declaration counts ("ANSWER: B", "<answer>B</answer>", "the answer is (B)", "\\boxed{B}", "#### B",
    "答案：B"), and if it names no option of this item the answer is a format failure: an earlier one is not taken
    instead, nor is one that is taken back ("A. Wait, it is B"). Without a declaration a completion counts if it says of
    one option alone that it is right ("Option B is correct"), if its first or last line is nothing but an option, or if
    all of it is one line that names one ("B) the option's text").

    Args:
        completion: the text, without reasoning.
        n_choices: how many options there are.
        choices: their texts; then an option's whole text names it too.
    """
    chosen = _NO_OPTION
    declared, declaration = False, 0
    for match in DECLARATION.finditer(completion):
        kind, text = str(match.lastgroup), match[str(match.lastgroup)]
        found = _option(text, n_choices, choices)
        counts = found.index is not None and (kind not in NEED_CAPITALS or _is_plain(text, choices))
        if kind in DECIDE or counts:
            declared, declaration, chosen = True, match.start(kind), found
    if declared:
        is_retracted = chosen.index is not None and _is_retracted(completion[declaration:], chosen.index, n_choices)
        return _NO_OPTION if is_retracted else chosen
    only = completion.strip()
    if "\n" not in only and len(only) < _LONGEST_LINE:
        found = _option(only, n_choices, choices)
        if found != _NO_OPTION:
            return found
    asserted = _asserted(completion, n_choices)
    if asserted is not None:
        return asserted
    return _line_of_its_own(only, n_choices, choices)


def _is_retracted(text: str, index: int, n_choices: int) -> bool:
    """Whether what follows a declaration takes it back and names another option: "A. Wait, that's wrong, it is B"."""
    if (match := RETRACTION.search(text)) is None:
        return False
    others = {option_index(letter, n_choices) for letter in LETTER.findall(text[match.end() :])}
    return bool(others - {index, None})


def _option(text: str, n_choices: int, choices: Sequence[str] | None) -> Chosen:
    match = patterns(n_choices).option.match(text)
    rest = (match["rest"] or "") if match else ""
    # "A bird" is no choice of A; "A) a bird" is; "A, C" and "A) or B)" are several.
    if match and not patterns(n_choices).several.match(rest):
        has_value = VALUE.match(rest) and (match["option"] not in ("A", "a") or match["dress"].strip())
        if NOTHING_MORE.match(rest) or LABEL.match(rest) or has_value:
            index = option_index(match["option"], n_choices)
            if index is not None:
                return Chosen(index)
    if _is_list_of_options(text, n_choices):
        return _SEVERAL_OPTIONS
    return _by_text(text, choices, match and match["option"], rest)


def _is_list_of_options(text: str, n_choices: int) -> bool:
    """Whether it is nothing but two or more letters of options: capitals, because "a" and "I" are words."""
    if len(text) > _LONGEST_LIST:
        return False
    parts = [part for part in BETWEEN.split(text) if part]
    if len(parts) == 1 and list(parts[0]) == sorted(set(parts[0])):
        parts = list(parts[0])  # "AC"
    indexes = [option_index(part, n_choices) if part.isupper() or part.isdigit() else None for part in parts]
    return None not in indexes and len(set(indexes)) > 1


def _by_text(text: str, choices: Sequence[str] | None, letter: str | None, rest: str) -> Chosen:
    """The option whose text it is, alone or behind its letter without a mark between ("A 5-fold rise")."""
    if not choices:
        return _NO_OPTION
    texts = [_plain(choice) for choice in choices]
    said = _plain(text)
    if said and texts.count(said) == 1:
        return Chosen(texts.index(said))
    index = option_index(letter, len(choices)) if letter else None
    if index is not None and (behind := _plain(rest)) and behind == texts[index]:
        return Chosen(index)
    return _NO_OPTION


def _plain(text: str) -> str:
    return " ".join(text.strip(" \t\r\n*_`'\"$.!。").split()).casefold()


def _is_plain(text: str, choices: Sequence[str] | None) -> bool:
    return SHOUTED.match(text) is not None or (bool(choices) and _plain(text) in map(_plain, choices or ()))


def _asserted(completion: str, n_choices: int) -> Chosen | None:
    """The one option of which it is said that it is right; None if that is said of none, `NONE` if of several."""
    found: set[int] = set()
    for match in ASSERTION.finditer(completion):
        index = option_index(match["named"] or match["bare"] or match["picked"], n_choices)
        before = SENTENCE_END.split(completion[max(match.start() - _NEAR, 0) : match.start()])[-1]
        after = SENTENCE_END.split(completion[match.end() : match.end() + _NEAR])[0]
        if ANOTHER.search(before) or patterns(n_choices).several.match(after):
            return _NO_OPTION
        if index is None or DOUBT.search(before):
            continue
        if DOUBT.search(after) and re.search(r"(?<![\w'])[A-Z](?![\w'])", after):
            return _NO_OPTION
        found.add(index)
    return None if not found else Chosen(found.pop()) if len(found) == 1 else _NO_OPTION


def _line_of_its_own(text: str, n_choices: int, choices: Sequence[str] | None) -> Chosen:
    """The option that the first or the last of several lines is, if no other line is another one."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) < 2:
        return _NO_OPTION
    alone = dict(_lone_options(lines, n_choices, choices))
    if len(set(alone.values())) != 1 or not {0, len(lines) - 1} & alone.keys():
        return _NO_OPTION
    index = next(iter(alone.values()))
    labels = {found for line in lines if (found := _labelled(line, n_choices)) is not None}
    return Chosen(index) if labels <= {index} else _NO_OPTION


def _lone_options(lines: Sequence[str], n_choices: int, choices: Sequence[str] | None) -> Iterable[tuple[int, int]]:
    for place, line in enumerate(lines):
        match = patterns(n_choices).option.match(line)
        if match and not match["option"].islower() and NOTHING_MORE.match(match["rest"] or ""):
            index = option_index(match["option"], n_choices)
        else:
            index = _by_text(
                line, choices, match and match["option"], (match["rest"] or "").lstrip(").: ") if match else ""
            ).index
        if index is not None:
            yield place, index


def _labelled(line: str, n_choices: int) -> int | None:
    match = re.match(r"[*_`(\[]*([A-Z])[*_`]*[).:\]]", line)
    return option_index(match[1], n_choices) if match else None


def parse_probabilities(completion: str, n_choices: int) -> list[float] | None:
    """The probabilities of `<PROB>p_A, p_B, …</PROB>`, exactly as stated, or None for a format failure.

    The last complete tag counts; an unclosed tag before or after it is passed over, and without any complete tag the
    answer is a failure. So is a wrong number of values, a negative value, a sum of 0 or one that is not finite, and
    anything but plain decimal numbers separated by commas (a percent sign, a label, NaN, an infinity).
    """
    text = _last_complete_tag(completion)
    if text is None:
        return None
    stated = [value.strip() for value in text.split(",")]
    if len(stated) != n_choices or not all(_PLAIN_NUMBER.fullmatch(value) for value in stated):
        return None
    values = [float(value) for value in stated]
    total = sum(values)
    if min(values) < 0 or total == 0 or not math.isfinite(total):
        return None
    return [abs(value) for value in values]  # "-0" is 0


def _last_complete_tag(completion: str) -> str | None:
    content: str | None = None
    opened: int | None = None
    for tag in _PROB_TAG.finditer(completion):
        if not tag[1]:
            opened = tag.end()
        elif opened is not None:
            content, opened = completion[opened : tag.start()], None
    return content
