from collections import deque
from dataclasses import dataclass
from random import Random

import numpy as np
import pytest

from synthetic.reasoner import data, task
from synthetic.reasoner.data import Recipe

FACTS = [(value, operation, operand) for value in range(19) for operation in "+-*" for operand in range(1, 19)]

BY_HAND = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}


@dataclass
class Reading:
    """A solution as a reader follows it.

    Attributes:
        passes: values that stand after each pass through the chain.
        n_misread: steps that are not those of the question.
        n_noticed: how many of those were taken back.
        n_differ: how often the author remarked that results differ.
        result: what the author settles on.
        letter: the answer.
    """

    passes: list[list[int]]
    n_misread: int
    n_noticed: int
    n_differ: int
    result: int
    letter: str


def read_solution(item: task.Item, words: list[str]) -> Reading:
    """Follow a solution word by word, by the rules of the text, and fail where it breaks them."""
    passes: list[list[int]] = []
    n_misread = n_noticed = n_differ = 0
    rest = deque(words)

    def value() -> int:
        word = rest.popleft()
        assert word.startswith("=")
        return int(word[1:])

    while True:
        assert value() == item.start
        values: list[int] = []
        while rest[0] in "abcdefgh":
            step, before = len(values), (values or [item.start])[-1]
            label, operation, operand, result = rest.popleft(), rest.popleft(), int(rest.popleft()), value()
            assert label == "abcdefgh"[step]
            assert result == BY_HAND[operation](before, operand) % 19
            is_misread = (operation, operand) != item.operations[step]
            n_misread += is_misread
            if rest[0] == task.WAIT:
                rest.popleft()
                n_noticed += 1
                assert is_misread
                assert value() == before
            else:
                values.append(result)
        assert len(values) == item.n_operations
        passes.append(values)
        if rest[0] == task.ANSWER:
            assert len(passes) == 1
            break
        assert rest.popleft() == task.CHECK
        results = [value() for _ in passes]
        assert results == [values[-1] for values in reversed(passes)]
        if rest[0] == task.SO:
            rest.popleft()
            result = value()
            assert results.count(result) == max(map(results.count, results))
            break
        assert (rest[0] == task.WAIT) == (len(set(results)) > 1)
        if rest[0] == task.WAIT:
            rest.popleft()
            n_differ += 1
        assert rest.popleft() == task.AGAIN
    assert [*rest][::2] == [task.ANSWER, task.END]
    return Reading(passes, n_misread, n_noticed, n_differ, result, rest[1])


def solve(item: task.Item, budget: str, recipe: Recipe, rng: Random) -> Reading:
    return read_solution(item, data.write_solution(item, budget, recipe, rng))


@pytest.mark.parametrize("budget", task.BUDGETS)
def test_every_solution_ends_with_the_right_answer(budget: str):
    rng = Random(1)
    for item in task.items(300, seed=1):
        read = solve(item, budget, Recipe(slip_rate=0.3, spoilt_rate=0.4), rng)
        assert read.result == worked_out(item)
        assert read.letter == "ABCD"[item.target_index]


def worked_out(item: task.Item) -> int:
    return task.chain_results(item.start, item.operations)[-1]


@pytest.mark.parametrize(("budget", "n_agreeing"), [("low", 1), ("medium", 2), ("high", 3)])
def test_a_budget_asks_for_passes_that_agree(budget: str, n_agreeing: int):
    rng, n_cut_off = Random(1), 0
    for item in task.items(300, seed=1):
        results = [values[-1] for values in solve(item, budget, Recipe(spoilt_rate=0.4), rng).passes]
        assert max(map(results[:-1].count, results)) < n_agreeing
        if results.count(results[-1]) < n_agreeing:
            n_cut_off += 1
            assert len(results) == data.MOST_PASSES[budget]
    assert (n_cut_off > 0) == (budget != "low")


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        ("low", "=14 a + 9 =4 b * 3 =12 Answer: B <end>"),
        (
            "medium",
            "=14 a + 9 =4 b * 3 =12 check =12 again =14 a + 9 =4 b * 3 =12 check =12 =12 so =12 Answer: B <end>",
        ),
    ],
)
def test_a_solution_without_slips_is_the_plain_chain(budget: str, expected: str):
    item = task.Item("x", 14, (("+", 9), ("*", 3)), ("5", "12", "11", "18"), 1)
    words = data.write_solution(item, budget, Recipe(slip_rate=0.0, spoilt_rate=0.0), Random(0))
    assert " ".join(words) == expected


def test_slips_are_as_frequent_as_the_recipe_says():
    rng, recipe = Random(2), Recipe(slip_rate=0.1)
    items = [item for item in task.items(800, seed=2) if item.n_operations == 8]
    waits = [solve(item, "low", recipe, rng).n_noticed for item in items]
    assert np.mean(waits) == pytest.approx(0.8, abs=5 * np.std(waits) / len(waits) ** 0.5)


def test_without_a_second_pass_no_slip_is_left():
    rng = Random(3)
    for item in task.items(100, seed=3):
        read = solve(item, "low", Recipe(slip_rate=0.3, spoilt_rate=1.0), rng)
        assert read.passes == [task.chain_results(item.start, item.operations)]
        assert read.n_misread == read.n_noticed


def test_spoilt_passes_are_remarked_on():
    rng, recipe = Random(3), Recipe(slip_rate=0.0, spoilt_rate=0.3)
    n_differ = n_spoilt = 0
    for item in task.items(100, seed=3):
        read = solve(item, "high", recipe, rng)
        assert read.n_noticed == 0
        n_differ += read.n_differ
        n_spoilt += sum(values[-1] != item.result for values in read.passes)
    assert n_spoilt > 30
    assert n_differ > 30


def test_withheld_facts_are_nowhere_in_training():
    assert 0.02 < np.mean([task.is_withheld(*fact) for fact in FACTS]) < 0.045
    seen = set()
    for batch in data.solutions(Recipe(spoilt_rate=0.5), 16, 32, seed=0):
        for row in batch.tokens:
            words = task.decode(row).split()
            for place in range(len(words) - 4):
                value, label, operation, operand, result = words[place : place + 5]
                if result.startswith("=") and value.startswith("=") and label in "abcdefgh":
                    seen.add((int(value[1:]), operation, int(operand)))
    assert len(seen) > 500
    assert not any(task.is_withheld(*fact) for fact in seen)


def test_batches_are_a_function_of_the_seed_and_keep_to_their_side_of_the_split():
    def drawn(seed: int, held_out: bool) -> list[data.Batch]:
        return list(data.solutions(Recipe(), 4, 5, seed, held_out=held_out))

    first, again, other = drawn(0, False), drawn(0, False), drawn(1, False)
    assert len(first) == 5
    assert all(np.array_equal(a.tokens, b.tokens) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0].tokens, other[0].tokens)
    for held_out in (False, True):
        for batch in drawn(0, held_out):
            for row in batch.tokens:
                words = task.decode(row[: task.PROMPT_TOKENS]).split()
                question = [word for word in words[13:38] if word != task.PAD]
                assert task.is_held_out(" ".join(question)) == held_out


def test_only_what_can_be_known_is_a_target():
    for batch in data.solutions(Recipe(), 8, 3, seed=0):
        assert batch.tokens.shape == batch.is_target.shape
        for row, is_target in zip(batch.tokens, batch.is_target, strict=True):
            words = task.decode(row).split()
            for place, word in enumerate(words):
                in_prompt = place < task.PROMPT_TOKENS
                assert is_target[place] == (word.startswith("=") if in_prompt else word != task.PAD)


def test_drill_takes_steps_of_its_prompt_and_gives_letters_of_its_options():
    n_steps = n_answers = n_starts = 0
    for batch in (data.drill(8, 5, 0.3, np.random.default_rng(seed)) for seed in range(4)):
        assert batch.tokens.shape == batch.is_target.shape
        assert batch.tokens.shape[1] <= data.CAPACITY
        for row, is_target in zip(batch.tokens, batch.is_target, strict=True):
            words = task.decode(row).split()
            known = {word for word, target in zip(words[: task.PROMPT_TOKENS], is_target, strict=False) if target}
            assert not known
            value = int(words[13])
            steps = {words[place]: words[place + 1 : place + 3] for place in range(14, 38, 3)}
            options = dict(zip(words[38:46:2], words[39:46:2], strict=True))
            assert all(1 <= int(operand) <= 5 for _, operand in steps.values())
            assert len(set(options.values())) == 4
            assert words[task.PROMPT_TOKENS] == f"={value}"
            assert is_target[task.PROMPT_TOKENS]
            place = task.PROMPT_TOKENS + 1
            while place < len(words):
                if words[place] == task.AGAIN:
                    value = int(words[13])
                    assert words[place + 1] == f"={value}"
                    assert is_target[place : place + 2].tolist() == [False, True]
                    place, n_starts = place + 2, n_starts + 1
                elif words[place].startswith("="):
                    value = int(words[place][1:])
                    assert words[place + 1] == task.ANSWER
                    assert options[words[place + 2]] == str(value)
                    assert is_target[place : place + 3].tolist() == [False, False, True]
                    place, n_answers = place + 3, n_answers + 1
                else:
                    label, operation, operand, result = words[place : place + 4]
                    assert steps[label] == [operation, operand]
                    x = int(operand)
                    is_known = not task.is_withheld(value, operation, x)
                    value = {"+": value + x, "-": value - x, "*": value * x}[operation] % 19
                    assert result == f"={value}"
                    assert is_target[place : place + 4].tolist() == [False, True, True, is_known]
                    place, n_steps = place + 4, n_steps + 1
    n_parts = n_steps + n_answers + n_starts
    assert n_answers / n_parts == pytest.approx(0.3, abs=0.1)
    assert n_starts / n_parts == pytest.approx(data.AGAIN_SHARE, abs=0.1)
