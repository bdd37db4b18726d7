from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.answers import (
    NONE,
    SEVERAL,
    Chosen,
    option_index,
    option_letter,
    parse_letter,
    parse_probabilities,
    read_option,
    submitted_option,
    target_index,
)


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("ANSWER: B", 1),
        ("ANSWER: b", 1),
        ("ANSWER: B.", 1),
        ("Let me think.\n\nANSWER: C", 2),
        ("ANSWER: A\nNo, wait.\nANSWER: D", 3),
        ("**Answer: B**", 1),
        ("**Answer:** B", 1),
        ("Final answer: (C)", 2),
        ("Answer: $\\boxed{D}$", 3),
        ("Answer:\nB", 1),
        ("ANSWER: B) blue", 1),
        ("ANSWER: B. Because it is blue.", 1),
        ("So the answer is (B).", 1),
        ("The correct answer is C", 2),
        ("The answer is option A.", 0),
        ("I think so. <answer>D</answer>", 3),
        ("Thus \\boxed{\\text{B}}.", 1),
        ("B", 1),
        (" (c) ", 2),
        ("D) grey", 3),
        ("The answer is B because it is blue.", 1),
        ("The answer is A, since it is red.", 0),
        ("The answer must be C.", 2),
        ("ANSWER: B (blue)", 1),
        ("Answer: B - blue", 1),
        ("The correct answer is B – blue", 1),
        ("the answer is \\(B\\)", 1),
        ("The answer is $\\boxed{\\textbf{B}}$", 1),
        ("ANSWER：B", 1),
        # none, several, or none of the item's
        ("", None),
        ("I am not sure about this one.", None),
        ("ANSWER: Z", None),
        ("ANSWER: B\nOn reflection:\nANSWER: Z", None),
        ("ANSWER: A, B", None),
        ("ANSWER: A and B", None),
        ("ANSWER: A) or B)", None),
        ("ANSWER: Because", None),
        ("ANSWER: none of them", None),
        ("Answer: A bird in the hand", None),
        ("The answer is a bird.", None),
        ("The answer is not obvious", None),
        ("A bird in the hand", None),
        ("ANSWER: 2", None),
        ("ANSWER:", None),
        ("A) red\nB) green", None),
        ("The answer is A bird because", None),
        ("ANSWER: A - C", None),
        ("ANSWER: A (or B)", None),
        ("ANSWER: (A) - B because", None),
        ("ANSWER: (B) - A bird", 1),
        ("ANSWER: A (B)", None),
        ("ANSWER: either B or C", None),
        ("The answer is neither A nor B.", None),
        ("The answer is not B because", None),
        ("The answer is (A) and not (B)", None),
        ("The answer is: A. Wait, that's wrong. It should be B.", None),
        ("I was going to say A, but the answer is C. Actually no, B.", None),
        ("The answer is A)? No: **B**", None),
        ("ANSWER: A\nHold on, let me recheck.\nSo B.", None),
        ("ANSWER: A\nWait, no.\nANSWER: B", 1),
        ("Wait, not A. The answer is B.", 1),
        ("ANSWER: B\nWait for A bird.", 1),
    ],
)
def test_letters_in_the_usual_phrasings(completion: str, expected: int | None) -> None:
    assert parse_letter(completion, 4) == expected


@pytest.mark.parametrize(
    "completion",
    [
        # said of one option alone that it is right
        *(
            "The correct answer is option **C**.",
            "Option C is correct.",
            "C is correct",
            "**C** is the correct answer.",
        ),
        *("(C) is right, I think.", "I would go with option C.", "I choose C.", "Choice (C) is the best answer."),
        *("Option A is incorrect. Option C is correct.", "A is wrong and B is wrong. C is the correct answer."),
        *("Choice: C", "Correct option: **C**", "The best option would be C.", "My choice: (C)"),
        *("The answer is therefore C.", "The answer should be C", "Correct answer: C", "My final answer is C."),
        # the letter first or last, and reasons
        *(
            "C\n\nExplanation: heat flows.",
            "**C**\n\nBecause it is.",
            "(C)\nreason",
            "B seems off.\n\nC",
            "So:\n**C**.",
        ),
        # other marks, other languages
        *(
            "#### C",
            "【C】",
            "ANSWER: （C）",
            '{"why": "A?", "answer": "C"}',
            "答案：C",
            "正确答案是C。",
            "答え: C",
            "정답: C",
        ),
        *("Antwort: C", "Die richtige Antwort ist C.", "Réponse : C", "La réponse est C.", "Respuesta: C", "Ответ: C"),
        *("La respuesta correcta es la C.", "Risposta: C", "Правильный ответ: C"),
        # in front of numbers, brackets and minus signs
        *("ANSWER: C 42", "ANSWER: C) 42", "ANSWER: C) -5", "ANSWER: C - 5", "ANSWER: C -5", "ANSWER: C −5"),
        *("ANSWER: C) [1, 2]", "ANSWER: [C]", "ANSWER: C (x = -3)", "ANSWER: C (f(x) = 2)", "ANSWER: C: 3/4"),
        *("ANSWER: C) 12, 15", "Answer: (C) 1", "The answer is (C) -5.", "The answer is C because A - B = 0"),
        *("Answer: C) Both A and B", "The answer is C. Both A and B"),
    ],
)
def test_what_names_one_option_beyond_doubt_is_read(completion: str) -> None:
    assert read_option(completion, 4) == Chosen(2)


@pytest.mark.parametrize(
    "completion",
    [
        *("A or C", "I think it could be A or C.", "Either A or C is correct.", "Both A and C are correct."),
        *(
            "A is correct, but C could be correct too.",
            "Option A or C is correct",
            "A is correct or maybe C is correct",
        ),
        *("Option A is correct. Option C is correct.", "Neither A nor C is correct", "I would say A, though C may be."),
        *("The answer is A or C", "The answer could be A, or C", "ANSWER: C or D", "ANSWER: not C", "Is C correct?"),
        *("I am not sure that C is correct.", "C is not correct", "If C is correct then A is not", "C? No, A? Hmm"),
        *("A\nB\nC\nD", "A) red\nB) green", "C\n\nOr rather\n\nD", "C. one\nD. two\nC", "ANSWER: A 5-fold increase"),
    ],
)
def test_prose_that_hedges_names_none(completion: str) -> None:
    assert read_option(completion, 4) == Chosen(failure=NONE)


@pytest.mark.parametrize(
    "submitted",
    ["A,C", "A, C", "A and C", "A, B and C", "A/C", "A C", "AC", "(A), (C)", "**A**, **C**", "A; C", "A\nC"],
)
def test_several_options_that_were_submitted_are_told_from_none(submitted: str) -> None:
    assert submitted_option(submitted, 4) == Chosen(failure=SEVERAL)
    assert read_option(f"<answer>{submitted}</answer>", 4) == Chosen(failure=SEVERAL)
    if "\n" not in submitted:
        assert read_option(f"I weigh them.\nANSWER: {submitted}", 4) == Chosen(failure=SEVERAL)
    assert submitted_option("C", 4) == Chosen(2)
    assert (
        submitted_option("E", 4) == submitted_option("A bird", 4) == submitted_option("A, E", 4) == Chosen(failure=NONE)
    )


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        *(("Yes", 0), ("yes.", 0), ("**No**", 1), ("The answer is Yes.", 0), ("ANSWER: no", 1), ("Hm.\n\nNo", 1)),
        *(("Yes and No", None), ("Yes, but", None), ("The answer is yes or no.", None), ("B", 1)),
    ],
)
def test_an_option_s_whole_text_names_it(completion: str, expected: int | None) -> None:
    assert read_option(completion, 2, ["Yes", "No"]).index == expected


def test_numbers_are_texts_where_letters_are_options() -> None:
    numbers = ["40", "41", "42", "43"]
    assert [read_option(text, 4, numbers).index for text in ("ANSWER: 42", "42", "C) 42\n\nBecause.", "2")] == [
        2,
        2,
        2,
        None,
    ]
    folds = ["a 5-fold rise", "a fall"]
    assert read_option("ANSWER: a 5-fold rise", 2, folds).index == 0
    assert read_option("same", 2, ["same", "same"]).index is None


def test_options_past_z_are_numbered_from_one() -> None:
    assert [option_letter(index) for index in (0, 25, 26, 29)] == ["A", "Z", "1", "4"]
    assert parse_letter("ANSWER: 3", 30) == 28
    assert all(option_index(option_letter(index), 30) == index for index in range(30))
    assert option_index("5", 30) is None


def test_a_target_is_a_letter_or_an_option_s_text() -> None:
    choices = ["red", "green", "blue"]
    assert target_index(["C"], choices) == 2
    assert target_index(["green"], choices) == 1
    assert target_index(["D"], choices) is None
    assert target_index(["A", "B"], choices) is None
    assert target_index(["red"], ["red", "red"]) is None


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("<PROB>0.1, 0.9</PROB>", [0.1, 0.9]),
        ("<PROB> 0, 2 </PROB>", [0.0, 2.0]),
        ("<prob>.5,5e-1</prob>", [0.5, 0.5]),
        ("<PROB>\n0.25,\n0.75\n</PROB>", [0.25, 0.75]),
        ("First <PROB>0.5, 0.5</PROB>, finally <PROB>0, 1</PROB>.", [0.0, 1.0]),
        ("<PROB>0.2, 0.8</PROB> or rather <PROB>0.3,", [0.2, 0.8]),
        ("I write <PROB> and then <PROB>0.2, 0.8</PROB>", [0.2, 0.8]),
        ("<PROB>0.2, 0.8</PROB> </PROB>", [0.2, 0.8]),
        ("<PROB>-0, 1</PROB>", [0.0, 1.0]),
        # the last complete tag counts, even if it is worse than an earlier one
        ("<PROB>0.5, 0.5</PROB> <PROB>high, low</PROB>", None),
        ("Hmm, <PROB>0.1, 0.9", None),
        ("0.1, 0.9</PROB>", None),
        ("0.1, 0.9", None),
        ("", None),
        ("<PROB></PROB>", None),
        ("<PROB>0.1</PROB>", None),
        ("<PROB>0.1, 0.2, 0.7</PROB>", None),
        ("<PROB>0.1, 0.9,</PROB>", None),
        ("<PROB>-0.1, 1.1</PROB>", None),
        ("<PROB>0, 0</PROB>", None),
        ("<PROB>10%, 90%</PROB>", None),
        ("<PROB>A: 0.1, B: 0.9</PROB>", None),
        ("<PROB>NaN, 1</PROB>", None),
        ("<PROB>inf, 1</PROB>", None),
        ("<PROB>1e999, 1</PROB>", None),
        ("<PROB>1e308, 1e308</PROB>", None),
        ("<PROB>1_0, 1</PROB>", None),
        ("<PROB>٠, ١</PROB>", None),
        ("<PROB>0.1 0.9</PROB>", None),
    ],
)
def test_probabilities_by_the_rules(completion: str, expected: list[float] | None) -> None:
    assert parse_probabilities(completion, 2) == expected


_VALUES = st.lists(st.floats(0, 1e6), min_size=2, max_size=10).filter(lambda values: sum(values) > 0)


@given(
    _VALUES, st.text().filter(lambda text: "<" not in text), st.text().filter(lambda text: "prob" not in text.lower())
)
def test_stated_values_come_back_unchanged(values: list[float], before: str, after: str) -> None:
    stated = ", ".join(map(repr, values))
    assert parse_probabilities(f"{before}<PROB>{stated}</PROB>{after}", len(values)) == values
    assert parse_probabilities(f"{before}<PROB>{stated}</PROB>{after}", len(values) + 1) is None


_PIECES = st.lists(
    st.sampled_from(["<PROB>", "</PROB>", "0.5", "-1", ",", "%", "nan", " ", "ANSWER:", "A", "Z", "(", ")", "\n", "is"])
    | st.text(max_size=5),
    max_size=30,
).map("".join)


_ONE = st.sampled_from(["{}", "({})", "**{}**", "{})", "[{}]", "option {}", "`{}`"])
_BETWEEN = st.sampled_from([" or ", " and ", ", ", "/", " & ", " - ", " vs ", " (or ", ", then ", " nor ", "; "])
_DECLARED = st.sampled_from(["ANSWER: ", "The answer is ", "**Answer:** ", "The correct option is ", "answer = "])


@given(_DECLARED, _ONE, _BETWEEN, st.permutations("ABCD"))
def test_two_options_are_never_taken_for_one(declared: str, one: str, between: str, letters: list[str]) -> None:
    first, second = one.format(letters[0]), one.format(letters[1])
    for text in (f"{declared}{first}{between}{second}", f"<answer>{first}{between}{second}</answer>"):
        assert parse_letter(text, 4) is None, text


@given(_DECLARED, _ONE, st.sampled_from("ABCD"), st.sampled_from(["", ".", " because it is.", " (so it is)", " – it"]))
def test_one_option_is_taken_however_it_is_set(declared: str, one: str, letter: str, after: str) -> None:
    assert parse_letter(f"I weigh A, B, C and D.\n{declared}{one.format(letter)}{after}", 4) == "ABCD".index(letter)


@given(_PIECES, st.integers(2, 30))
def test_any_text_gives_a_valid_answer_or_none(text: str, n_choices: int) -> None:
    chosen = read_option(text, n_choices)
    assert (chosen.index is None) == (chosen.failure in (NONE, SEVERAL))
    assert chosen.index is None or 0 <= chosen.index < n_choices
    assert chosen.index == parse_letter(text, n_choices)
    stated = parse_probabilities(text, n_choices)
    if stated is not None:
        assert len(stated) == n_choices
        assert all(math.isfinite(value) and value >= 0 for value in stated)
        assert sum(stated) > 0


@given(st.text(), st.integers(0, 3))
def test_a_last_line_decides_whatever_comes_before(text: str, index: int) -> None:
    assert parse_letter(f"{text}\nANSWER: {option_letter(index)}", 4) == index
