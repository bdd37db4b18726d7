from __future__ import annotations

from typing import Any

import pytest

from warehouse.keys import answer_key_id, canonical_json, condition_id, sample_id

SAMPLE: dict[str, Any] = {
    "task": "t",
    "model_id": "m",
    "condition_id": "c",
    "item_id": "i",
    "context_id": "none",
    "epoch": 1,
    "source": "inspect",
    "source_ref": "uuid",
}


@pytest.mark.parametrize("changed", [{key: 2 if key == "epoch" else "other"} for key in SAMPLE])
def test_every_part_of_the_key_counts(changed: dict[str, Any]) -> None:
    assert sample_id(**SAMPLE) == sample_id(**SAMPLE)
    assert sample_id(**(SAMPLE | changed)) != sample_id(**SAMPLE)


def test_parts_do_not_run_into_each_other() -> None:
    one = sample_id(**(SAMPLE | {"task": "ab", "model_id": "c"}))
    assert one != sample_id(**(SAMPLE | {"task": "a", "model_id": "bc"}))


def test_conditions_ignore_the_order_of_settings_and_show_the_format() -> None:
    one = condition_id("choice", {"temperature": 1.0, "effort": "low"})
    assert one == condition_id("choice", {"effort": "low", "temperature": 1.0})
    assert one.startswith("choice-")
    assert one != condition_id("probability", {"temperature": 1.0, "effort": "low"})


def test_answer_keys_differ_by_choices_and_by_target() -> None:
    keys = {
        answer_key_id(["a", "b"], "A"),
        answer_key_id(["a", "b"], "B"),
        answer_key_id(["ab"], "A"),
        answer_key_id(None, "A"),
    }
    assert len(keys) == 4


def test_lone_surrogates_from_broken_logs_have_an_id() -> None:
    assert len(sample_id(**(SAMPLE | {"item_id": "\ud800"}))) == 32


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"temperature": float("nan")})
