"""`incoherence explain` says the numbers of the tables, and what they are made of."""

from __future__ import annotations

from collections import Counter
from math import isclose

import polars as pl
import pytest

from tests.dbt.conftest import Built
from warehouse.explain import UnknownNameError, explain, told
from warehouse.report import words


def models(built: Built) -> list[str]:
    rows = built.rows("marts.fct_incoherence", "is_main_decomposition")
    return sorted({row["model_id"] for row in rows})


def test_parts_are_those_of_the_pools(built: Built) -> None:
    n_pools = 0
    for model in models(built):
        for pool in explain(built.layout, built.database, model):
            n_pools += 1
            text = told([pool], 3, 200)
            assert model in text and words.number(pool.row["incoherence_unbiased"]) in text
            if pool.row["incoherence_unbiased"] is None or pool.items.is_empty():
                continue
            items = pool.items.drop_nulls("variance")
            variance = sum(items["variance"].to_list())
            error = sum(items["bias_sq"].to_list()) + variance
            assert isclose(variance / error, pool.row["incoherence_unbiased"], abs_tol=1e-9)
            assert isclose(items["share_of_error"].sum(), 1, abs_tol=1e-9)
            heaviest = items.row(0, named=True)
            assert heaviest["share_of_error"] == items["share_of_error"].max()
            if (without := heaviest["incoherence_without"]) is not None:
                rest = error - heaviest["bias_sq"] - heaviest["variance"]
                assert isclose(without, (variance - heaviest["variance"]) / rest, abs_tol=1e-9)
    assert n_pools > 10


def test_answers_are_those_of_the_samples(built: Built) -> None:
    model = next(row["model_id"] for row in built.rows("marts.fct_sample", "choice_index is not null"))
    n_right = 0
    for pool in explain(built.layout, built.database, model):
        item = pool.items.sort("share_of_variance", descending=True, nulls_last=True).row(0, named=True)["item_id"]
        condition = f"task = '{pool.row['task']}' and condition_id = '{pool.row['condition_id']}'"
        keys = f"{condition} and model_id = '{model}' and item_id = '{item}'"
        samples = built.rows("marts.fct_sample", keys)
        (same,) = explain(
            built.layout, built.database, model, task=pool.row["task"], condition=pool.row["condition_id"], item=item
        )
        assert same.samples is not None
        assert sorted(same.samples["sample_id"]) == sorted(row["sample_id"] for row in samples)
        counted = Counter(same.samples["answer"])
        (answers,) = same.items["answers"]
        assert dict(part.rsplit(" ", 1) for part in answers.split(", ")) == {
            answer: str(count) for answer, count in counted.items()
        }
        if any(row["choice_index"] is not None for row in samples):
            starred = sum(count for answer, count in counted.items() if answer.endswith("*"))
            assert starred == sum(bool(row["is_correct"]) for row in samples)
            n_right += starred
    assert n_right


def test_logs_are_named(built: Built) -> None:
    model, item = built.database.execute(
        "select model_id, item_id from marts.fct_sample where import_id is not null limit 1"
    ).fetchall()[0]
    pools = explain(built.layout, built.database, model, item=item)
    assert any(pool.samples is not None and pool.samples["log"].null_count() < len(pool.samples) for pool in pools)


def test_what_is_not_there_is_said_with_what_is(built: Built) -> None:
    there = models(built)
    asked = {"model": "nobody"}, {"model": there[0], "task": "nothing"}, {"model": there[0], "condition": "none"}
    for arguments in (*asked, {"model": there[0], "item": "nothing"}):
        with pytest.raises(UnknownNameError, match=r"there are|it has|see:"):
            explain(built.layout, built.database, **arguments)


def test_a_part_of_a_name_is_enough_where_it_is_one_models(built: Built) -> None:
    name = max(models(built), key=len)
    (first, *_) = explain(built.layout, built.database, name[:-1])
    assert first.row["model_id"] == name
    assert isinstance(first.items, pl.DataFrame)
