"""What the models learn from: worked solutions as a careful but imperfect author writes them.

A solution begins with the start value and goes through the chain step by step (`b * 3 =7` is step b with its result).
Now and then the author misreads a step (`b + 3 =12`). Most such slips are noticed at once: `wait`, back to the value
before, and the step is done again.

Where a budget asks for it, the author goes through the chain `again` until two or three passes agree.
`check =12 =7 =12` lists what the passes so far came to, the newest first; `wait` remarks that they differ, and `so =12`
is the result that came most often. Here some slips stay and spoil their pass, but never the result: **no solution
teaches a wrong answer**, and what a trained model gets wrong is its own doing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from synthetic.reasoner.task import (
    AGAIN,
    ANSWER,
    BUDGETS,
    CHECK,
    CHOICE_LABELS,
    EFFORTS,
    END,
    MAX_OPERATIONS,
    MAX_SHOTS,
    MODULUS,
    OPERATIONS,
    OPTIONS_PLACE,
    PAD,
    PROMPT_TOKENS,
    SO,
    START_PLACE,
    STEP_LABELS,
    THINK,
    TOKEN_IDS,
    WAIT,
    Item,
    apply,
    draw_item,
    encode_prompt,
    is_teachable,
    is_withheld,
    misreadings,
    render_prompt,
)

CAPACITY = 240
"""Tokens of the longest sequence, prompt and completion. The few solutions that are longer are not trained on."""

MAX_COMPLETION_TOKENS = CAPACITY - PROMPT_TOKENS

MOST_PASSES = dict(zip(BUDGETS, (1, 3, 4), strict=True))
"""Passes after which the author answers, whether enough agree or not."""

PAD_ID = TOKEN_IDS[PAD]

AGAIN_SHARE = 0.1
"""Share of a drill's parts that are new starts."""

POOL = 16
"""Batches that are drawn together and put together by length."""


@dataclass(frozen=True)
class Recipe:
    """How solutions are written, and how drill is mixed with them.

    Attributes:
        slip_rate: probability that a step is first misread, which is noticed at once.
        spoilt_rate: probability that a step of a pass is misread and stays so, where passes are compared.
        drill_fraction: share of the training steps, at its start, that are drill alone.
        drill_every: after that, one step in this many is drill.
        answers_until: share of that start after which drill is no longer mostly answers: finding a value among the
            options is learnt quickly on its own, and by some sizes not at all beside everything else.
        growth_until: share of that start after which operands are no longer limited; they grow in between.
    """

    slip_rate: float = 0.06
    spoilt_rate: float = 0.1
    drill_fraction: float = 0.3
    drill_every: int = 4
    answers_until: float = 0.15
    growth_until: float = 0.8


def write_solution(item: Item, budget: str, recipe: Recipe, rng: Random) -> list[str]:
    """The words of a solution, from its first step to the answer and the end marker.

    Args:
        item: the question.
        budget: how many passes have to agree; one of `BUDGETS`.
        recipe: how often the author slips.
        rng: decides when and how.
    """
    n_agreeing = 1 + BUDGETS.index(budget)
    while True:
        words: list[str] = []
        results: list[int] = []
        while True:
            is_spoilt = n_agreeing > 1 and rng.random() < recipe.spoilt_rate
            written, result = _write_pass(item, is_spoilt, recipe, rng)
            words += written
            results.insert(0, result)
            if n_agreeing == 1:
                break
            words += [CHECK, *(f"={result}" for result in results)]
            count = Counter(results)
            if max(count.values()) == n_agreeing or len(results) == MOST_PASSES[budget]:
                # The first of those that are equally frequent: the newest.
                result = count.most_common(1)[0][0]
                words += [SO, f"={result}"]
                break
            words += [WAIT, AGAIN] if len(count) > 1 else [AGAIN]
        if result == item.result:
            return [*words, ANSWER, CHOICE_LABELS[item.target_index], END]


def _write_pass(item: Item, is_spoilt: bool, recipe: Recipe, rng: Random) -> tuple[list[str], int]:
    """One way through the chain: its words, and the value that it comes to."""
    spoilt_step = rng.randrange(item.n_operations) if is_spoilt else None
    value = item.start
    words = [f"={value}"]
    for step, right in enumerate(item.operations):
        slip = _slip(value, right, rng) if step == spoilt_step or rng.random() < recipe.slip_rate else None
        written = [right]
        if slip and step == spoilt_step and is_teachable(apply(value, *slip), item.operations[step + 1 :]):
            written = [slip]
        elif slip and step != spoilt_step:
            written = [slip, right]
        for number, (operation, operand) in enumerate(written):
            if number:
                words += [WAIT, f"={value}"]
            words += [STEP_LABELS[step], operation, str(operand), f"={apply(value, operation, operand)}"]
        value = apply(value, *written[-1])
    return words, value


def _slip(value: int, step: tuple[str, int], rng: Random) -> tuple[str, int] | None:
    """A misreading of a step that does not give a withheld fact away, if there is one."""
    candidates = [other for other in misreadings(value, *step) if not is_withheld(value, *other)]
    return rng.choice(candidates) if candidates else None


@dataclass(frozen=True)
class Batch:
    """Sequences to train on.

    Attributes:
        tokens: ids, shape (batch, length): prompts, all of one length, then solutions.
        is_target: which tokens the loss is over, the same shape: solutions, and the results of few-shot examples.
    """

    tokens: NDArray[np.int64]
    is_target: NDArray[np.bool_]


def draw_sequence(recipe: Recipe, rng: Random, *, held_out: bool) -> list[int]:
    """A prompt of random length, shots and budget, with its solution."""
    while True:
        item = draw_item("", rng.randint(1, MAX_OPERATIONS), rng, held_out=held_out)
        shots = [draw_item("", 1, rng, held_out=False) for _ in range(rng.randint(0, MAX_SHOTS))]
        budget = BUDGETS[rng.randrange(len(BUDGETS))]
        prompt = encode_prompt(render_prompt(item, shots, budget))
        solution = write_solution(item, budget, recipe, rng)
        if len(solution) <= MAX_COMPLETION_TOKENS:
            return prompt + [TOKEN_IDS[word] for word in solution]


def solutions(recipe: Recipe, batch_size: int, n_batches: int, seed: int, *, held_out: bool = False) -> Iterator[Batch]:
    """Batches of prompts with solutions; a pure function of the arguments.

    Sequences are drawn a pool of batches at a time and put together by length, which halves the padding; the batches of
    a pool then come in random order.

    Args:
        recipe: how solutions are written.
        batch_size: sequences in each batch.
        n_batches: how many batches there are.
        seed: decides everything.
        held_out: which side of the split the questions are from.
    """
    for first in range(0, n_batches, POOL):
        rng = Random(f"solutions {seed} {held_out} {first}")
        drawn = [draw_sequence(recipe, rng, held_out=held_out) for _ in range(POOL * batch_size)]
        drawn.sort(key=len)
        places = list(range(POOL))
        rng.shuffle(places)
        for place in places[: n_batches - first]:
            yield collate(drawn[place * batch_size : (place + 1) * batch_size])


def collate(sequences: list[list[int]]) -> Batch:
    """Sequences of different lengths as one batch."""
    length = max(map(len, sequences))
    tokens = np.full((len(sequences), length), PAD_ID, dtype=np.int64)
    for row, sequence in enumerate(sequences):
        tokens[row, : len(sequence)] = sequence
    is_target = tokens != PAD_ID
    # In a prompt only the results of examples can be known; each is one more fact to learn from.
    is_target[:, :PROMPT_TOKENS] = np.isin(tokens[:, :PROMPT_TOKENS], _RESULT_IDS)
    return Batch(tokens, is_target)


def drill(batch_size: int, largest_operand: int, answer_share: float, rng: np.random.Generator) -> Batch:
    """Full prompts whose steps are then taken in any order, `c * 3 =7 a + 9 =16 …`; in between, answers to results
    that are just put there, `=5 Answer: A`, and new starts, `again =14`. Everything that a solution needs but its
    order, many times over.

    Args:
        batch_size: sequences, each as long as the models can read.
        largest_operand: operands are 1 to this. With few different ones at first, a model finds out where to look
            within a few hundred steps; with all of them at once it sits on a plateau for thousands.
        answer_share: share of the parts that are answers rather than steps or starts.
        rng: decides everything.
    """
    every = np.arange(batch_size)
    operation = rng.integers(len(OPERATIONS), size=(batch_size, MAX_OPERATIONS))
    operand = rng.integers(1, largest_operand + 1, size=(batch_size, MAX_OPERATIONS))
    option = rng.random((batch_size, MODULUS)).argsort(axis=1)[:, : len(CHOICE_LABELS)]
    value = rng.integers(MODULUS, size=batch_size)
    prompt = np.full((batch_size, PROMPT_TOKENS), PAD_ID, dtype=np.int64)
    prompt[:, 0] = _EFFORT_IDS[rng.integers(len(_EFFORT_IDS), size=batch_size)]
    prompt[:, START_PLACE] = _NUMBER_IDS[value]
    steps = np.stack(
        [np.broadcast_to(_LABEL_IDS, operand.shape), _OPERATION_IDS[operation], _NUMBER_IDS[operand]], axis=2
    )
    prompt[:, START_PLACE + 1 : OPTIONS_PLACE] = steps.reshape(batch_size, -1)
    options = np.stack([np.broadcast_to(_LETTER_IDS, option.shape), _NUMBER_IDS[option]], axis=2)
    prompt[:, OPTIONS_PLACE:-1] = options.reshape(batch_size, -1)
    prompt[:, -1] = TOKEN_IDS[THINK]
    start = value
    columns = [*prompt.T, _RESULT_IDS[start]]
    never, always = np.zeros(batch_size, bool), np.ones(batch_size, bool)
    is_target = [never] * PROMPT_TOKENS + [always]
    while len(columns) <= CAPACITY - 4:
        kind = rng.random()
        if kind < AGAIN_SHARE:
            value = start
            columns += [np.full(batch_size, TOKEN_IDS[AGAIN]), _RESULT_IDS[value]]
            is_target += [never, always]
        elif kind < AGAIN_SHARE + answer_share:
            letter = rng.integers(len(CHOICE_LABELS), size=batch_size)
            value = option[every, letter]
            columns += [_RESULT_IDS[value], np.full(batch_size, TOKEN_IDS[ANSWER]), _LETTER_IDS[letter]]
            is_target += [never, never, always]
        else:
            step = rng.integers(MAX_OPERATIONS, size=batch_size)
            x = operand[every, step]
            is_known = ~_IS_WITHHELD[value, operation[every, step], x]
            value = np.choose(operation[every, step], (value + x, value - x, value * x)) % MODULUS
            columns += [*steps[every, step].T, _RESULT_IDS[value]]
            is_target += [never, always, always, is_known]
    return Batch(np.stack(columns, axis=1), np.stack(is_target, axis=1))


_EFFORT_IDS = np.array([TOKEN_IDS[word] for word in EFFORTS])
_LABEL_IDS = np.array([TOKEN_IDS[label] for label in STEP_LABELS])
_LETTER_IDS = np.array([TOKEN_IDS[label] for label in CHOICE_LABELS])
_NUMBER_IDS = np.array([TOKEN_IDS[str(value)] for value in range(MODULUS)])
_RESULT_IDS = np.array([TOKEN_IDS[f"={value}"] for value in range(MODULUS)])
_IS_WITHHELD = np.array(
    [
        [[is_withheld(value, operation, operand) for operand in range(MODULUS)] for operation in OPERATIONS]
        for value in range(MODULUS)
    ]
)
_OPERATION_IDS = np.array([TOKEN_IDS[operation] for operation in OPERATIONS])
