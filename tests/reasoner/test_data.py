from random import Random

import numpy as np
import pytest

from synthetic.reasoner import data, task
from synthetic.reasoner.data import Recipe


def read_solution(item: task.Item, words: list[str]) -> tuple[list[list[int]], int, str]:
    """Follow a solution as a reader would: values that stand after each pass, how often `wait` was said, the letter.

    After `wait` the step before it is replaced; a pass goes on from the values that stand.
    """
    assert words[-3] == task.ANSWER
    assert words[-1] == task.END
    passes: list[list[int]] = [[]]
    n_waits = 0
    place = 0
    while words[place] != task.ANSWER:
        if words[place] == task.CHECK:
            assert len(passes[-1]) == item.n_operations
            passes.append([])
        if words[place] == task.WAIT:
            n_waits += 1
            passes[-1].pop()
        if place == 0 or words[place] in (task.CHECK, task.WAIT):
            place += place > 0
            assert words[place] == f"={passes[-1][-1] if passes[-1] else item.start}"
            place += 1
        label, operation, operand, result = words[place : place + 4]
        step = len(passes[-1])
        assert (label, operation, int(operand)) == ("abcdefgh"[step], *item.operations[step])
        assert result.startswith("=")
        passes[-1].append(int(result[1:]))
        place += 4
    return passes, n_waits, words[-2]


@pytest.mark.parametrize("n_checks", [0, 1, 2])
def test_every_solution_ends_with_the_right_answer(n_checks: int):
    rng = Random(1)
    for item in task.items(300, seed=1):
        passes, _, letter = read_solution(item, data.write_solution(item, n_checks, Recipe(slip_rate=0.3), rng))
        assert len(passes) == n_checks + 1
        assert passes[-1] == task.chain_results(item.start, item.operations)
        assert letter == "ABCD"[item.target_index]


def test_a_solution_without_slips_is_the_plain_chain():
    item = task.Item("x", 14, (("+", 9), ("*", 3)), ("5", "12", "11", "18"), 1)
    words = data.write_solution(item, 1, Recipe(slip_rate=0.0), Random(0))
    assert " ".join(words) == "=14 a + 9 =4 b * 3 =12 check =14 a + 9 =4 b * 3 =12 Answer: B <end>"


def test_slips_are_as_frequent_as_the_recipe_says():
    rng, recipe = Random(2), Recipe(slip_rate=0.1)
    items = [item for item in task.items(800, seed=2) if item.n_operations == 8]
    waits = [read_solution(item, data.write_solution(item, 0, recipe, rng))[1] for item in items]
    assert np.mean(waits) == pytest.approx(0.8, abs=5 * np.std(waits) / len(waits) ** 0.5)


def test_some_slips_are_found_only_by_checking():
    rng, recipe = Random(3), Recipe(slip_rate=0.2, deferred_share=1.0)
    found = 0
    for item in task.items(100, seed=3):
        passes, n_waits, _ = read_solution(item, data.write_solution(item, 1, recipe, rng))
        right = task.chain_results(item.start, item.operations)
        if passes[0] != right:
            found += 1
            assert passes[1] == right
            assert n_waits >= 1
    assert found > 20


def test_without_checking_no_slip_is_left():
    rng, recipe = Random(3), Recipe(slip_rate=0.3, deferred_share=1.0)
    for item in task.items(100, seed=3):
        passes, _, _ = read_solution(item, data.write_solution(item, 0, recipe, rng))
        assert passes == [task.chain_results(item.start, item.operations)]


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
    n_steps = n_answers = n_checks = 0
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
                if words[place] == task.CHECK:
                    value = int(words[13])
                    assert words[place + 1] == f"={value}"
                    assert is_target[place : place + 2].tolist() == [False, True]
                    place, n_checks = place + 2, n_checks + 1
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
                    value = {"+": value + x, "-": value - x, "*": value * x}[operation] % 19
                    assert result == f"={value}"
                    assert is_target[place : place + 4].tolist() == [False, True, True, True]
                    place, n_steps = place + 4, n_steps + 1
    n_parts = n_steps + n_answers + n_checks
    assert n_answers / n_parts == pytest.approx(0.3, abs=0.1)
    assert n_checks / n_parts == pytest.approx(data.CHECK_SHARE, abs=0.1)
