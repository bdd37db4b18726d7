"""Who is who: conflicting ids, superseded copies, models that nobody described."""

from __future__ import annotations

import pytest

from tests.dbt.conftest import Built
from tests.dbt.covering import ALIAS, ALIASED


def test_one_id_with_two_answer_keys_is_two_items(built: Built) -> None:
    rows = built.rows("marts.dim_item", "task = 'many' and source_item_id = 'q03'")
    assert sorted((row["item_id"], row["n_choices"]) for row in rows) == sorted(
        (f"q03#{row['answer_key_id'][:6]}", row["n_choices"]) for row in rows
    )
    assert {row["n_choices"] for row in rows} == {3, 5}
    untouched = built.rows("marts.dim_item", "source_item_id <> 'q03'")
    assert all(row["item_id"] == row["source_item_id"] for row in untouched)
    sampled = {row["item_id"] for row in built.rows("marts.fct_sample", "item_id like 'q03%' and task = 'many'")}
    assert sampled == {row["item_id"] for row in rows}


def test_the_latest_reading_of_an_item_wins(built: Built) -> None:
    (row,) = built.rows("marts.dim_item", "task = 'four' and item_id = 'q00'")
    assert row["target_index"] == built.evals.items[0]["target_index"]


def test_superseded_copies_are_counted_and_not_used(built: Built) -> None:
    (counted,) = built.database.execute("select sum(n_superseded), count(*) from marts.fct_sample").fetchall()
    distinct = {row["sample_id"] for row in built.evals.samples}
    assert counted == (len(built.evals.samples) - len(distinct), len(distinct))
    assert counted[0] == 40


def test_the_seed_knows_better_than_the_log(built: Built) -> None:
    models = {row["model_id"]: row for row in built.rows("marts.dim_model")}
    assert models["Qwen/Qwen3-8B"]["model_family"] == "qwen3"
    assert models["stand-in"]["param_count"] == 10 and models["stand-in"]["is_simulated"]
    assert models["unlisted"]["model_family"] is None and models["unlisted"]["n_samples"] > 0


def test_a_model_under_two_names_is_one_model(built: Built) -> None:
    (counts,) = built.database.execute(
        f"""
        select count(*) filter (model_id = '{ALIAS}'), count(*) filter (source_model_id = '{ALIAS}'),
            count(*) filter (model_id = '{ALIASED}')
        from staging.stg_samples
        """
    ).fetchall()
    drawn = {row["sample_id"] for row in built.evals.samples if row["model_id"] == ALIASED}
    assert counts[0] == 0 and counts[1] > 0 and counts[2] == len(drawn)
    assert not built.rows("marts.dim_model", f"model_id = '{ALIAS}'")
    assert len(built.rows("marts.dim_model", f"model_id = '{ALIASED}'")) == 1


def test_items_that_only_failed_are_counted(built: Built) -> None:
    without = sum(not len(answers.probs) for answers in built.answers.values())
    (total,) = built.database.execute(
        "select sum(n_items_without_samples) from marts.fct_incoherence where decomposition = 'kl'"
    ).fetchall()
    assert total == (without,) and without > 0


def test_a_scored_open_ended_answer_is_right_only_with_a_full_score(built: Built) -> None:
    rows = built.rows("marts.fct_sample", "task = 'open'")
    assert rows and all(row["is_correct"] == (row["score"] == 1) for row in rows)
    decomposed = built.rows("marts.fct_item_decomposition", "task = 'open'")
    assert {row["decomposition"] for row in decomposed} == {"score"}
    for row in decomposed:
        scores = [
            sample["score"]
            for sample in rows
            if all(sample[name] == row[name] for name in ("model_id", "condition_id", "item_id"))
            and sample["status"] in ("ok", "format_failure", "limit")
        ]
        assert row["mean_score"] == row["accuracy"] == pytest.approx(sum(scores) / len(scores))
    pools = built.rows("marts.fct_incoherence", "task = 'open'")
    assert pools and all(row["mean_score"] == pytest.approx(row["accuracy"]) for row in pools)
