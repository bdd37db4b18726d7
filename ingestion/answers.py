"""Answers out of completions: a chosen letter, or stated probabilities. Pure functions of text.

Both parsers are total: any text gives an answer or None, and None is a format failure, never a guess.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

_WRAPPER = r"(?:[\s*_$`'\"(\[{]|\\[(\[]|\\(?:boxed|text|textbf|mathrm|mathbf)\{|option\s|choice\s){0,20}"
_OPTION = re.compile(_WRAPPER + r"(?P<option>[A-Za-z]|\d{1,3})(?P<rest>[^\w].*)?$", re.IGNORECASE | re.DOTALL)
_NOTHING_MORE = re.compile(r"[\s*_$`'\")\]}.,;!\\]*$")
# What may follow the option: its text after a bracket, stop, colon or dash, its text in brackets, or the reason.
_LABEL = re.compile(
    r"[*_`\])}]*(?:[).:]\**+\s*+(?!(?:and|or)\b|[&/,])|\s+[-–—]\s|\s+\([^()\n]*\)[.\s*]*$|,?\s+(?:because|since)\b)",
    re.IGNORECASE,
)
# Another option beside it: "A or B", "(A) - (B)", "A (or B)". An article is none: "A) - a bird".
_SEVERAL = re.compile(
    r"[\s*_`.:)\]}]*(?:[-–—&/,;(]|(?:or|and|nor|vs|then)\b)(?:\s|or\b|and\b|nor\b|then\b|rather\b)*"
    r"[*_`(\[{]*(?:(?:option|choice)\s+)?(?:[B-HJ-Z]|\d{1,3}|[AI](?!\s+[a-z]))\b",
    re.IGNORECASE,
)

# A line that begins with "answer:" declares the answer, whatever follows; the other phrasings only count if an option
# follows, because "the answer is not obvious" declares nothing.
_DECLARATION = re.compile(
    r"^[ \t>*_#`]*(?:the |my )?(?:final |correct |best )?answer[ \t*_`]*[:=：]\s*(?P<line>[^\n]*)"
    r"|<answer>(?P<tag>[^<]{0,200})</answer>"
    r"|\banswer[ \t*_`]*:[ \t]*(?P<inline>[^\n]{1,200})"
    r"|\b(?:answer|choice|option)\s+(?:is|must be|should be):?[ \t]*(?P<phrase>[^\n]{1,200})"
    r"|\\boxed\{(?P<boxed>[^\n]{1,60})",
    re.IGNORECASE | re.MULTILINE,
)
_SHOUTED = re.compile(
    r"[\s*_$`'\"]*(?:(?:option|choice)\s+)?(?:\\?[(\[{]|\\(?:boxed|text|textbf|mathrm|mathbf)\{)*(?:[A-Z]|\d{1,3})\b"
)

_PROB_TAG = re.compile(r"<(/?)PROB>", re.IGNORECASE)
_PLAIN_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)


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
    """The option that a completion chooses, 0-based, or None if it names none or several.

    The last declaration counts ("ANSWER: B", "<answer>B</answer>", "the answer is (B)", "\\boxed{B}"), and if it names
    no option of this item the answer is a format failure: an earlier one is not taken instead. A completion without a
    declaration counts if it is one line and nothing but an option ("B", "(b)", "B) the option's text").
    """
    chosen: int | None = None
    declared = False
    for match in _DECLARATION.finditer(completion):
        kind, text = str(match.lastgroup), match[str(match.lastgroup)]
        if kind in ("line", "tag"):
            declared, chosen = True, _option(text, n_choices)
        elif (kind != "phrase" or _SHOUTED.match(text)) and (option := _option(text, n_choices)) is not None:
            declared, chosen = True, option
    if declared:
        return chosen
    only = completion.strip()
    return _option(only, n_choices) if len(only) < 400 and "\n" not in only else None


def _option(text: str, n_choices: int) -> int | None:
    match = _OPTION.match(text)
    if match is None:
        return None
    rest = match["rest"] or ""
    # "A bird" is no choice of A; "A) a bird" is; "A, C" and "A) or B)" are several.
    if _SEVERAL.match(rest) or not (_NOTHING_MORE.match(rest) or _LABEL.match(rest)):
        return None
    return option_index(match["option"], n_choices)


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
