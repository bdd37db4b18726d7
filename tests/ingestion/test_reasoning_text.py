"""What a completion says in the end, and what it only thought."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.answers import parse_letter
from ingestion.reasoning_text import FinalWord, opens_reasoning, split_reasoning

TAGS = [
    ("<think>", "</think>"),
    ("<THINK>", "</Think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought >"),
    ("<reasoning effort='high'>", "</reasoning>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("analysis", "assistantfinal"),
    ("Here is my thought process:", "Here is my response:"),
]


@pytest.mark.parametrize(("opening", "closing"), TAGS)
def test_reasoning_is_no_answer(opening: str, closing: str) -> None:
    assert split_reasoning(f"{opening}Maybe ANSWER: A{closing}\n\nANSWER: B") == FinalWord(
        "ANSWER: B", "Maybe ANSWER: A"
    )


@pytest.mark.parametrize(("opening", "closing"), TAGS)
def test_reasoning_that_was_cut_off_has_no_answer(opening: str, closing: str) -> None:
    for rest in ("Perhaps the\nANSWER: B", "Perhaps\nANSWER: B\n" + closing[:-1]):
        word = split_reasoning(f"{opening}{rest}")
        assert (word.text, word.is_cut_off) == ("", True)
        assert word.reasoning is not None and word.reasoning.startswith("Perhaps")
        assert parse_letter(word.text, 4) is None


@pytest.mark.parametrize(("opening", "closing"), TAGS[:11])
def test_the_opening_tag_may_be_in_the_prompt(opening: str, closing: str) -> None:
    assert opens_reasoning(f"Which?<|assistant|>{opening}\n") and not opens_reasoning(f"{opening} or {closing}?")
    assert split_reasoning(f"Perhaps A.\n{closing}\n\nANSWER: B") == FinalWord("ANSWER: B", "Perhaps A.", was_open=True)
    assert split_reasoning("Perhaps\nANSWER: A", is_open=True) == FinalWord(
        "", "Perhaps\nANSWER: A", is_cut_off=True, was_open=True
    )
    assert split_reasoning(f"So {closing} B", is_open=True) == FinalWord("B", "So", was_open=True)


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("  ANSWER: B\n", FinalWord("  ANSWER: B\n")),
        ("", FinalWord("")),
        ("<think></think>\n\nB", FinalWord("B")),
        ("<think>", FinalWord("", None, is_cut_off=True)),
        ("Let me see. <think>a</think> So <think>b</think> C", FinalWord("Let me see.  So  C", "a\n\nb")),
        ("<think>a</think> B <think>again", FinalWord("", "a\n\nagain", is_cut_off=True)),
        # A tag that the thought is about, and a second closing one: all before it was thought.
        ("<think>a <think> b</think> c</think> D", FinalWord("D", "<think>a <think> b</think> c", was_open=True)),
        ("<think>the tag <thinking> is</think> D", FinalWord("D", "the tag <thinking> is")),
        ("ANSWER: B</think>", FinalWord("", "ANSWER: B", was_open=True)),
        ("Use the `<think>` tag. ANSWER: B", FinalWord("Use the `<think>` tag. ANSWER: B")),
        ("An analysis. assistantfinal B", FinalWord("An analysis. assistantfinal B")),
        ("analysis of A", FinalWord("analysis of A")),
        ("<thinker>a", FinalWord("<thinker>a")),
        ("I think <B>", FinalWord("I think <B>")),
    ],
)
def test_odd_completions(completion: str, expected: FinalWord) -> None:
    assert split_reasoning(completion) == expected


@given(st.lists(st.sampled_from(["<think>", "</think>", "[THINK]", "[/THINK]", "A", "ANSWER: B", "\n", "`"])))
def test_nothing_said_is_both_thought_and_answer(parts: list[str]) -> None:
    completion = "".join(parts)
    word = split_reasoning(completion)
    assert not (word.is_cut_off and word.text)
    assert len(word.text) + len(word.reasoning or "") <= len(completion) + 2 * len(parts)
    if "`" not in parts and "</think>" in parts and not word.is_cut_off:
        last = completion.rpartition("</think>")[2]
        assert last.strip() in word.text or "[" in completion
