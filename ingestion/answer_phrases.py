"""How people and models write that they choose an option: the patterns behind `ingestion.answers`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

COMMAND = r"\\(?:boxed|text|textbf|mathrm|mathbf)\{"
DRESS = rf"(?:[\s*_$`'\"(\[{{（【「]|\\[(\[]|{COMMAND}|(?:option|choice|letter)\s)"
NOTHING_MORE = re.compile(r"[\s*_$`'\")\]}.,;!\\）】」。]*$")
# What may follow the option: its text after a bracket, stop, colon or dash, its text in brackets, or the reason.
LABEL = re.compile(
    r"[*_`\])}）】」]*(?:[).:）：。]\**+\s*+(?!(?:and|or)\b|[&/,])|\s+[-–—−]\s|\s+\(.*\)[.\s*]*$"
    r"|,?\s+(?:because|since|as|due\s+to)\b)",
    re.IGNORECASE,
)
# A number that stands right behind the letter is the option's text; behind an A it may be what the article belongs to.
VALUE = re.compile(r"[*_`\])}]*\s+[-−–+±]?[$€£]?\.?\d")
# What may stand between the letters of an answer of several options.
BETWEEN = re.compile(
    r"(?:[\s*_`'\"()\[\]{},;&+/.$!\\]|\b(?:and|option|choice|letter|boxed|text|textbf|mathrm|mathbf)\b)+"
)

# A line that begins with "answer:" declares the answer, whatever follows; the other phrasings only count if an option
# follows, because "the answer is not obvious" declares nothing.
ANSWER_ABROAD = (
    "antwort|lösung|réponse|reponse|respuesta|risposta|resposta|antwoord|svar|vastaus|odpowiedź|odpověď|ответ|"
    "відповідь|cevap|yanıt|jawaban|đáp án|răspuns|válasz|απάντηση|答案|回答|答え|正解|정답|답|उत्तर|الإجابة|الجواب|תשובה"
)
DECLARATION = re.compile(
    r"^[ \t>*_#`]*(?:the |my )?(?:final |correct |best )?answer[ \t*_`\"']*[:=：]\s*(?P<line>[^\n]*)"
    rf"|^[ \t>*_#`]*(?:\w+ ){{0,2}}(?:{ANSWER_ABROAD})(?: \w+)?[ \t*_`]*[:：]\s*(?P<abroad>[^\n]*)"
    r"|<answer>(?P<tag>[^<]{0,200})</answer>"
    r"|\b(?:answer|(?:correct|right|best|final|chosen|my)\s+(?:choice|option|letter))[ \t*_`\"']*:"
    r"[ \t]*(?P<inline>[^\n]{1,200})"
    r"|^[ \t>*_#`]*(?:choice|option|letter)[ \t*_`]*:[ \t]*(?P<named>[^\n]{1,200})"
    r"|\b(?:answer|choice|option)\s+(?:is|must be|should be|would be|will be)"
    r"(?: (?:therefore|thus|hence|clearly|definitely|indeed))?:?[ \t]*(?P<phrase>[^\n]{1,200})"
    rf"|(?:{ANSWER_ABROAD})(?:\s\w+)?\s?(?:ist|lautet|est|es|è|é|är|is|er|jest|是|为|は)[:：]?\s?"
    r"(?:(?:la|a|die|die Option|opción|option|letra|lettre)\s)?(?P<said>[^\n]{1,200})"
    r"|\\boxed\{(?P<boxed>[^\n]{1,60})"
    r"|^[ \t]*####[ \t]*(?P<mark>[^\n]{1,60})",
    re.IGNORECASE | re.MULTILINE,
)
DECIDE = ("line", "abroad", "tag")
NEED_CAPITALS = ("phrase", "said")
SHOUTED = re.compile(
    rf"(?:[\s*_$`'\"(\[{{]|\\[(\[]|{COMMAND}|(?i:option|choice|letter)\s+){{0,20}}(?:[A-Z]|\d{{1,3}})\b"
)

# "Option C is correct", "C is the right answer", "I choose C": they count if they are of one mind.
ASSERTION = re.compile(
    r"(?:(?<![\w'])(?i:option|choice|answer)\s+[*_`(\[\"']{0,4}(?P<named>[A-Za-z])"
    r"|(?<![\w'*_`(\[\"])[*_`(\[\"']{0,4}(?P<bare>[A-Z]))[*_`)\]\"']{0,4}"
    r"\s+is\s+(?:(?:clearly|definitely|indeed|therefore)\s+)?(?:the\s+)?(?:correct|right|best)\b"
    r"|\bI(?:'ll|'d|\s+will|\s+would)?\s+(?:choose|pick|select|go\s+with|answer)\s+(?:(?i:option|choice|answer)\s+)?"
    r"[*_`(\[\"']{0,4}(?P<picked>[A-Z])\b"
)
# What a model says when it takes back what it has just declared.
RETRACTION = re.compile(
    r"\b(?:wait|hold on|on second thoughts?|scratch that|correction|actually,? no"
    r"|let me (?:redo|re-?check|re-?consider|correct)|(?:that|this)(?:'s| is| was) (?:wrong|incorrect|not right)"
    r"|I (?:made (?:a mistake|an error)|was wrong))\b|\?\s*no\b",
    re.IGNORECASE,
)
# A letter of an option: "A bird" is none.
LETTER = re.compile(r"(?<![\w'])(?!A\s+[a-z])[A-Z](?![\w'])")
SENTENCE_END = re.compile(r"[.!?\n]")
DOUBT = re.compile(
    r"\b(?:not|never|no|neither|nor|if|whether|unless|might|may|maybe|perhaps|could|possibly|either|doubt\w*|unsure|or"
    r"|but|unlikely)\b|n't\b",
    re.IGNORECASE,
)
ANOTHER = re.compile(r"\b(?:or|and|nor|both)\b\W*(?:(?:option|choice)\s+)?$|[,/&]\W*$", re.IGNORECASE)


@dataclass(frozen=True)
class Patterns:
    """How an option is written, and how another one beside it."""

    option: re.Pattern[str]
    several: re.Pattern[str]


@cache
def patterns(n_choices: int) -> Patterns:
    """How an option of so many is written; numbers are options only behind the 26th."""
    number = r"|\d{1,3}" if n_choices > 26 else ""
    letters = "".join(chr(ord("A") + index) for index in range(min(n_choices, 26)))
    others = letters.replace("A", "").replace("I", "") or "A"
    return Patterns(
        re.compile(
            rf"(?P<dress>{DRESS}{{0,20}})(?P<option>[A-Za-z]{number})(?P<rest>[^\w].*)?$", re.IGNORECASE | re.DOTALL
        ),
        # Another option beside it: "A or B", "(A) - (B)", "A (or B)". An article is none: "A) - a bird".
        re.compile(
            r"[\s*_`.:)\]}]*(?:[-–—&/,;(+]|(?:or|and|nor|vs|then)\b)(?:\s|or\b|and\b|nor\b|then\b|rather\b)*"
            rf"[*_`(\[{{]*(?:(?:option|choice)\s+)?(?:[{others}]{number}|[AI](?!\s+[a-z]))\b(?!')",
            re.IGNORECASE,
        ),
    )
