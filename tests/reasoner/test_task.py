from random import Random

import pytest

from synthetic.reasoner import task
from synthetic.reasoner.task import PromptError


def worked_out(start: int, question: str) -> int:
    """The result read off the question's text, by Python's own arithmetic."""
    words = question.split()
    assert int(words[0]) == start
    value = start
    for place in range(1, len(words), 3):
        label, operation, operand = words[place : place + 3]
        assert label == "abcdefgh"[place // 3]
        value = {"+": value + int(operand), "-": value - int(operand), "*": value * int(operand)}[operation] % 19
    return value


def test_items_have_one_right_option_and_three_different_wrong_ones():
    for item in task.items(200, seed=3):
        right = worked_out(item.start, item.question)
        assert item.choices[item.target_index] == str(right) == str(item.result)
        assert len(set(item.choices)) == 4
        assert all(0 <= int(choice) < 19 for choice in item.choices)


def test_items_are_a_function_of_the_seed_and_grow_from_the_front():
    assert task.items(20, seed=3) == task.items(50, seed=3)[:20]
    assert task.items(20, seed=3) != task.items(20, seed=4)
    assert len({item.item_id for item in task.items(200, seed=3)}) == 200


def test_difficulties_are_equally_frequent():
    assert [item.n_operations for item in task.items(16, seed=0)] == [1, 2, 3, 4, 5, 6, 7, 8] * 2


def test_targets_stand_at_every_letter():
    targets = [item.target_index for item in task.items(400, seed=0)]
    assert all(70 <= targets.count(place) <= 130 for place in range(4))


def test_evaluation_items_are_held_out_and_training_items_are_not():
    assert all(task.is_held_out(item.question) for item in task.items(100, seed=1))
    rng = Random(0)
    drawn = [task.draw_item("", 1 + index % 8, rng, held_out=False) for index in range(100)]
    assert not any(task.is_held_out(item.question) for item in drawn)
    assert not any(task.is_held_out(item.question) for item in task.examples(30, seed=1))


def test_a_misreading_changes_one_thing_and_the_result():
    by_hand = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}
    for value, operation, operand in ((v, o, x) for v in range(19) for o in "+-*" for x in range(1, 19)):
        for misread, near in task.misreadings(value, operation, operand):
            assert (misread != operation) + abs(near - operand) == 1
            assert 1 <= near <= 18
            assert (by_hand[misread](value, near) - by_hand[operation](value, operand)) % 19 != 0
    assert ("*", 4) in task.misreadings(3, "+", 4)
    assert ("*", 2) not in task.misreadings(2, "+", 2)


def test_a_teachable_chain_meets_no_withheld_fact_on_the_way():
    value, operation, operand = next(
        (v, "+", x) for v in range(19) for x in range(1, 19) if task.is_withheld(v, "+", x)
    )
    assert not task.is_teachable(value, [(operation, operand)])
    assert not task.is_teachable((value - 1) % 19, [("+", 1), (operation, operand)])
    rng = Random(0)
    drawn = [task.draw_item("", 1 + index % 8, rng, held_out=False) for index in range(200)]
    assert all(task.is_teachable(item.start, item.operations) for item in drawn)
    assert not all(task.is_teachable(item.start, item.operations) for item in task.items(200, seed=0))


@pytest.mark.parametrize("budget", [None, *task.BUDGETS])
@pytest.mark.parametrize("n_shots", [0, 1, 3])
def test_every_prompt_is_read_back_word_for_word(budget: str | None, n_shots: int):
    for item in task.items(16, seed=5):
        prompt = task.render_prompt(item, task.examples(n_shots, seed=2), budget)
        token_ids = task.encode_prompt(prompt)
        assert len(token_ids) == task.PROMPT_TOKENS
        words = [word for word in task.decode(token_ids).split() if word != task.PAD]
        expected = prompt.split() if budget else ["effort:low", *prompt.split()]
        assert words == [*expected, task.THINK]


def test_the_parts_of_a_prompt_always_stand_at_the_same_places():
    first, second = task.items(8, seed=0)[0], task.items(8, seed=0)[7]
    for item in (first, second):
        words = task.decode(task.encode_prompt(task.render_prompt(item))).split()
        assert words[13] == str(item.start)
        assert words[14] == "a"
        assert words[38] == "A"
    assert second.n_operations == 8


def test_the_budget_can_come_beside_the_prompt():
    item = task.items(1, seed=0)[0]
    assert task.encode_prompt(task.render_prompt(item), "high") == task.encode_prompt(
        task.render_prompt(item, (), "high")
    )


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("", "not in the order"),
        ("What is 2 + 2 ?", "'What'"),
        ("3 a + 19 A 1 B 2 C 3 D 4", "'19'"),
        ("<think> 3 a + 1 A 1 B 2 C 3 D 4", "'<think>'"),
        ("3 b + 1 A 1 B 2 C 3 D 4", "not in the order"),
        ("3 a + 1 c + 1 A 1 B 2 C 3 D 4", "not in the order"),
        ("3 a + 1 A 1 B 2 C 3", "not in the order"),
        ("1 + 1 =2 " * 4 + "3 a + 1 A 1 B 2 C 3 D 4", "not in the order"),
    ],
)
def test_a_text_that_is_no_prompt_is_refused_by_name(prompt: str, message: str):
    with pytest.raises(PromptError, match=message):
        task.encode_prompt(prompt)


def test_contradictions_and_impossible_wishes_are_refused():
    item = task.items(8, seed=0)[7]
    with pytest.raises(PromptError, match="effort:low"):
        task.encode_prompt(task.render_prompt(item, (), "low"), "high")
    with pytest.raises(PromptError, match="'extreme'"):
        task.render_prompt(item, (), "extreme")
    with pytest.raises(PromptError, match="8 operations"):
        task.render_prompt(item, [item])
    with pytest.raises(PromptError, match="at most 3"):
        task.render_prompt(item, task.examples(4, seed=0))
