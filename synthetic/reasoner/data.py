"""What the models learn from: worked solutions as a careful but imperfect author writes them.

A solution begins with the start value and goes through the chain step by step (`b * 3 =7` is step b with its result).
Now and then the author slips and writes a plausible wrong result. Most slips are noticed at once: `wait`, back to the
value before, and the step is done again. If checking passes were asked for, a slip may also stay until the first of
them: `check` starts the chain afresh, the step now comes out differently, and again `wait` has it done once more. Every
slip is noticed in the end, so **no solution teaches a wrong answer**: what a trained model gets wrong is its own doing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from synthetic.reasoner.task import (
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
    START_PLACE,
    STEP_LABELS,
    THINK,
    TOKEN_IDS,
    WAIT,
    Item,
    apply,
    draw_item,
    encode_prompt,
    plausible_mistake,
    render_prompt,
)

CAPACITY = 192
"""Tokens of the longest sequence, prompt and completion. The few solutions that are longer are not trained on."""

MAX_COMPLETION_TOKENS = CAPACITY - PROMPT_TOKENS

PAD_ID = TOKEN_IDS[PAD]

CHECK_SHARE = 0.1
"""Share of a drill's parts that are new starts."""

POOL = 16
"""Batches that are drawn together and put together by length."""


@dataclass(frozen=True)
class Recipe:
    """How solutions are written, and how drill is mixed with them.

    Attributes:
        slip_rate: probability that a step is first written with a wrong result.
        deferred_share: of the slips in the first pass, the share that is noticed only when checking, if any checking
            was asked for; at most one per solution.
        drill_fraction: share of the training steps, at its start, that are drill alone.
        drill_every: after that, one step in this many is drill.
        answers_until: share of that start after which drill is no longer mostly answers: finding a value among the
            options is learnt quickly on its own, and by some sizes not at all beside everything else.
        growth_until: share of that start after which operands are no longer limited; they grow in between.
    """

    slip_rate: float = 0.06
    deferred_share: float = 0.5
    drill_fraction: float = 0.4
    drill_every: int = 4
    answers_until: float = 0.15
    growth_until: float = 0.8


def write_solution(item: Item, n_checks: int, recipe: Recipe, rng: Random) -> list[str]:
    """The words of a solution, from its first step to the answer and the end marker.

    Args:
        item: the question.
        n_checks: checking passes after the first one.
        recipe: how often the author slips.
        rng: decides when and how.
    """
    words: list[str] = []
    deferred_step: int | None = None
    for check in range(n_checks + 1):
        if check:
            words.append(CHECK)
        value = item.start
        words.append(f"={value}")
        for step, (operation, operand) in enumerate(item.operations):
            right = apply(value, operation, operand)
            stem = [STEP_LABELS[step], operation, str(operand)]
            is_slip = rng.random() < recipe.slip_rate
            if is_slip:
                wrong = plausible_mistake(value, operation, operand, rng)
                words += [*stem, f"={wrong}"]
                can_wait = check == 0 and n_checks > 0 and deferred_step is None
                if can_wait and rng.random() < recipe.deferred_share:
                    deferred_step = step
                    value = wrong
                    continue
                words += [WAIT, f"={value}"]
            elif check == 1 and step == deferred_step:
                # Now it comes out differently from the first pass: do it once more to be sure.
                words += [*stem, f"={right}", WAIT, f"={value}"]
            words += [*stem, f"={right}"]
            value = right
    return [*words, ANSWER, CHOICE_LABELS[item.target_index], END]


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
        n_checks = rng.randrange(len(BUDGETS))
        prompt = encode_prompt(render_prompt(item, shots, BUDGETS[n_checks]))
        solution = write_solution(item, n_checks, recipe, rng)
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
    that are just put there, `=5 Answer: A`, and new starts, `check =14`. Everything that a solution needs but its
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
    is_target = [False] * PROMPT_TOKENS + [True]
    while len(columns) <= CAPACITY - 4:
        kind = rng.random()
        if kind < CHECK_SHARE:
            value = start
            columns += [np.full(batch_size, TOKEN_IDS[CHECK]), _RESULT_IDS[value]]
            is_target += [False, True]
        elif kind < CHECK_SHARE + answer_share:
            letter = rng.integers(len(CHOICE_LABELS), size=batch_size)
            value = option[every, letter]
            columns += [_RESULT_IDS[value], np.full(batch_size, TOKEN_IDS[ANSWER]), _LETTER_IDS[letter]]
            is_target += [False, False, True]
        else:
            step = rng.integers(MAX_OPERATIONS, size=batch_size)
            x = operand[every, step]
            value = np.choose(operation[every, step], (value + x, value - x, value * x)) % MODULUS
            columns += [*steps[every, step].T, _RESULT_IDS[value]]
            is_target += [False, True, True, True]
    tokens = np.stack(columns, axis=1)
    return Batch(tokens, np.tile(is_target, (batch_size, 1)))


_EFFORT_IDS = np.array([TOKEN_IDS[word] for word in EFFORTS])
_LABEL_IDS = np.array([TOKEN_IDS[label] for label in STEP_LABELS])
_LETTER_IDS = np.array([TOKEN_IDS[label] for label in CHOICE_LABELS])
_NUMBER_IDS = np.array([TOKEN_IDS[str(value)] for value in range(MODULUS)])
_RESULT_IDS = np.array([TOKEN_IDS[f"={value}"] for value in range(MODULUS)])
_OPERATION_IDS = np.array([TOKEN_IDS[operation] for operation in OPERATIONS])
