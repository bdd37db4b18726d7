"""Chain arithmetic: short multiple-choice items whose difficulty is a number of operations, and their text.

An item is a start value and one to eight operations (+, −, ×) applied in order, every result taken modulo 19. A small
model has to *know* each of a thousand facts like `12 * 7 = 8`, so what it can do depends on its size, and an item with
more operations gives more chances to fail. One fact in 32 is kept from the models altogether (`is_withheld`): they have
to infer it, and where they cannot, they are wrong in a way of their own.

Text is words between white space; one word is one token (`WORDS`). A prompt:

    effort:low
    12 * 7 =8
    14 a + 9 b * 3 c - 10
    A 5 B 2 C 11 D 18

The lines: how much checking is asked for; few-shot examples, if any; start value and lettered operations; the options.
Numbers that are results carry `=`, so that a result and an operand are different words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from zlib import crc32

MODULUS = 19
MAX_OPERATIONS = 8
MAX_SHOTS = 3
OPERATIONS = ("+", "-", "*")
STEP_LABELS = "abcdefgh"
CHOICE_LABELS = "ABCD"

BUDGETS = ("low", "medium", "high")
"""Reasoning budgets; the place in this tuple, from 1, is the number of passes that have to agree on the result."""

PAD, END, THINK, ANSWER = "<pad>", "<end>", "<think>", "Answer:"
CHECK, AGAIN, WAIT, SO = "check", "again", "wait", "so"
EFFORTS = tuple(f"effort:{budget}" for budget in BUDGETS)

WORDS: tuple[str, ...] = (
    *(PAD, END, THINK, ANSWER),
    *(CHECK, AGAIN, WAIT, SO),
    *EFFORTS,
    *OPERATIONS,
    *STEP_LABELS,
    *CHOICE_LABELS,
    *(str(value) for value in range(MODULUS)),
    *(f"={value}" for value in range(MODULUS)),
)
"""The vocabulary: a token's id is its place here."""

TOKEN_IDS = {word: index for index, word in enumerate(WORDS)}

START_PLACE = 1 + 4 * MAX_SHOTS
"""Where in a prompt the start value stands: after the effort and the examples."""

OPTIONS_PLACE = START_PLACE + 1 + 3 * MAX_OPERATIONS
"""Where the options begin: after start value and operations."""

PROMPT_TOKENS = OPTIONS_PLACE + 2 * len(CHOICE_LABELS) + 1
"""Tokens of a prompt, padding included: the options and a marker come last."""

HELD_OUT_ONE_IN = 8
"""One question in this many is never trained on; evaluation items are drawn from those."""

WITHHELD_ONE_IN = 32
"""One fact in this many occurs nowhere in training, though in evaluation items as often as any other."""

_MARKERS = (PAD, END, THINK)


class PromptError(ValueError):
    """A prompt that the models cannot read; the message names the word or field, and the fix."""


@dataclass(frozen=True)
class Item:
    """One multiple-choice question.

    Attributes:
        item_id: names the item; the same id is the same item.
        start: value that the operations begin from.
        operations: pairs of operation and operand, in order.
        choices: the options as text, in order A to D.
        target_index: 0-based index of the right one.
    """

    item_id: str
    start: int
    operations: tuple[tuple[str, int], ...]
    choices: tuple[str, ...]
    target_index: int

    @property
    def n_operations(self) -> int:
        """Length of the chain: the item's difficulty."""
        return len(self.operations)

    @property
    def question(self) -> str:
        """Start value and lettered operations, without options."""
        return render_question(self.start, self.operations)

    @property
    def result(self) -> int:
        """The right answer, in [0, 19)."""
        return chain_results(self.start, self.operations)[-1]


def apply(value: int, operation: str, operand: int) -> int:
    """One operation modulo 19."""
    if operation == "+":
        return (value + operand) % MODULUS
    if operation == "-":
        return (value - operand) % MODULUS
    return value * operand % MODULUS


def chain_results(start: int, operations: Sequence[tuple[str, int]]) -> list[int]:
    """The right value after each operation."""
    results = []
    for operation, operand in operations:
        start = apply(start, operation, operand)
        results.append(start)
    return results


def misreadings(value: int, operation: str, operand: int) -> list[tuple[str, int]]:
    """What a slip of attention makes of a step: another operation, or an operand off by one. Only those that give
    another result; there may be none."""
    others = [(other, operand) for other in OPERATIONS if other != operation]
    others += [(operation, near) for near in (operand - 1, operand + 1) if 0 < near < MODULUS]
    right = apply(value, operation, operand)
    return [other for other in others if apply(value, *other) != right]


def render_question(start: int, operations: Sequence[tuple[str, int]]) -> str:
    """`14 a + 9 b * 3`."""
    steps = (f"{label} {op} {operand}" for label, (op, operand) in zip(STEP_LABELS, operations, strict=False))
    return " ".join((str(start), *steps))


def is_held_out(question: str) -> bool:
    """Whether a question is kept for evaluation: a property of its text, so that no seed can break the split."""
    return crc32(question.encode()) % HELD_OUT_ONE_IN == 0


def is_withheld(value: int, operation: str, operand: int) -> bool:
    """Whether a fact is kept from training: a property of its text, like `is_held_out`."""
    return crc32(f"{value} {operation} {operand}".encode()) % WITHHELD_ONE_IN == 0


def is_teachable(start: int, operations: Sequence[tuple[str, int]]) -> bool:
    """Whether no step of a chain needs a withheld fact."""
    values = (start, *chain_results(start, operations))
    return not any(is_withheld(value, *operation) for value, operation in zip(values, operations, strict=False))


def draw_item(item_id: str, n_operations: int, rng: Random, *, held_out: bool) -> Item:
    """A random item of a given length, on one side of the split. Training items need no withheld facts.

    Wrong options are the results of chains in which one step was misread.
    """
    while True:
        start = rng.randrange(MODULUS)
        operations = tuple(_draw_operation(rng) for _ in range(n_operations))
        if is_held_out(render_question(start, operations)) == held_out and (
            held_out or is_teachable(start, operations)
        ):
            break
    target = chain_results(start, operations)[-1]
    options = [target]
    attempts = 0
    while len(options) < len(CHOICE_LABELS):
        attempts += 1
        # A short chain may have fewer than three different results.
        likely = attempts <= 16
        wrong = _chain_with_misreading(start, operations, rng) if likely else rng.randrange(MODULUS)
        if wrong not in options:
            options.append(wrong)
    rng.shuffle(options)
    return Item(item_id, start, operations, tuple(map(str, options)), options.index(target))


def items(n: int, seed: int) -> list[Item]:
    """`n` held-out items; lengths 1 to 8 take turns, so that all are (almost) equally frequent.

    The first items of a larger `n` are the items of a smaller one.
    """
    return [
        draw_item(
            f"chain-{seed}-{index:05d}",
            index % MAX_OPERATIONS + 1,
            Random(f"item {seed} {index}"),
            held_out=True,
        )
        for index in range(n)
    ]


def examples(n: int, seed: int) -> list[Item]:
    """`n` items of one operation from the training side, to show as few-shot examples."""
    rng = Random(f"examples {seed}")
    return [draw_item(f"example-{seed}-{index:05d}", 1, rng, held_out=False) for index in range(n)]


def render_prompt(item: Item, shots: Sequence[Item] = (), budget: str | None = None) -> str:
    """The prompt's text.

    Args:
        item: the question.
        shots: at most three items of one operation (`examples`), shown with their results.
        budget: `low`, `medium` or `high`; None leaves the line out, and the model is asked for `low`.

    Raises:
        PromptError: on an unknown budget, or on shots that do not fit.
    """
    if len(shots) > MAX_SHOTS:
        raise PromptError(f"shots: got {len(shots)}; the models read at most {MAX_SHOTS}")
    lines = [] if budget is None else [effort_word(budget)]
    for shot in shots:
        if shot.n_operations != 1:
            raise PromptError(f"shots: {shot.item_id} has {shot.n_operations} operations; use items of one operation")
        operation, operand = shot.operations[0]
        lines.append(f"{shot.start} {operation} {operand} ={shot.result}")
    lines.append(item.question)
    lines.append(" ".join(f"{label} {choice}" for label, choice in zip(CHOICE_LABELS, item.choices, strict=True)))
    return "\n".join(lines)


def effort_word(budget: str) -> str:
    """The budget's token as text.

    Raises:
        PromptError: if there is no such budget.
    """
    if budget not in BUDGETS:
        raise PromptError(f"budget: got {budget!r}; use one of {', '.join(BUDGETS)}")
    return f"effort:{budget}"


def encode_prompt(prompt: str, budget: str | None = None) -> list[int]:
    """Token ids of a prompt, laid out in `PROMPT_TOKENS` fixed places.

    Every part has its own places, and padding fills those that it does not need: the effort, the examples, the start
    value, the operations, the options, and the marker after which the model writes. So a step's letter tells where in
    the prompt to look, and batches need no mask.

    Args:
        prompt: text as `render_prompt` makes it.
        budget: what to ask for if the prompt does not say; None is `low`.

    Raises:
        PromptError: if the prompt is no such text, or says another budget.
    """
    words = prompt.split()
    match = _PROMPT.fullmatch(" ".join(words))
    if match is None:
        unknown = [word for word in words if word not in TOKEN_IDS or word in _MARKERS]
        problem = f"cannot read the word {unknown[0]!r}" if unknown else "the words are not in the order of a prompt"
        raise PromptError(f"prompt: {problem}; write it as synthetic.reasoner.task.render_prompt does")
    said = match["effort"]
    if said and budget is not None and said != effort_word(budget):
        raise PromptError(f"budget: got {budget!r}, but the prompt says {said!r}; drop one of them")
    examples, steps = match["examples"].split(), match["steps"].split()
    laid_out = [
        said or effort_word(budget or BUDGETS[0]),
        *_padded(examples, 4 * MAX_SHOTS),
        match["start"],
        *_padded(steps, 3 * MAX_OPERATIONS),
        *match["options"].split(),
        THINK,
    ]
    return [TOKEN_IDS[word] for word in laid_out]


def _padded(words: list[str], length: int) -> list[str]:
    return words + [PAD] * (length - len(words))


def _prompt_pattern() -> re.Pattern[str]:
    number = f"(?:{'|'.join(map(str, reversed(range(MODULUS))))})"
    operation = "[-+*]"
    # Steps must be lettered a, b, c, … in this order: each letter is optional, but only if all later ones are missing.
    steps = ""
    for label in reversed(STEP_LABELS):
        steps = f"(?: {label} {operation} {number}{steps})" + ("?" if label != STEP_LABELS[0] else "")
    options = " ".join(f"{label} {number}" for label in CHOICE_LABELS)
    return re.compile(
        rf"(?:(?P<effort>{'|'.join(EFFORTS)}) )?"
        rf"(?P<examples>(?:{number} {operation} {number} ={number} ){{0,{MAX_SHOTS}}})"
        rf"(?P<start>{number})(?P<steps>{steps}) (?P<options>{options})"
    )


_PROMPT = _prompt_pattern()


def decode(token_ids: Sequence[int]) -> str:
    """Tokens as text, one space between words."""
    return " ".join(WORDS[token_id] for token_id in token_ids)


def _draw_operation(rng: Random) -> tuple[str, int]:
    operation = OPERATIONS[rng.randrange(len(OPERATIONS))]
    # Times 0 would forget the chain so far, and times 1 or plus 0 would change nothing.
    return operation, rng.randrange(2 if operation == "*" else 1, MODULUS)


def _chain_with_misreading(start: int, operations: Sequence[tuple[str, int]], rng: Random) -> int:
    value, wrong_step = start, rng.randrange(len(operations))
    for step, (operation, operand) in enumerate(operations):
        misread = misreadings(value, operation, operand) if step == wrong_step else []
        value = apply(value, *(rng.choice(misread) if misread else (operation, operand)))
    return value
