from __future__ import annotations

import polars as pl

from warehouse.table_text import MAX_ROWS, table_text


def test_a_narrow_table_is_a_grid_of_whole_values() -> None:
    table = pl.DataFrame({"model_id": ["a", None], "incoherence": [0.25, 1 / 3]})
    assert table_text(table, 40).splitlines() == [
        "| model_id | incoherence |",
        "|----------|-------------|",
        "| a        | 0.25        |",
        "| null     | 0.333333    |",
        "2 rows",
    ]


def test_a_table_that_is_too_wide_becomes_a_block_per_row() -> None:
    sentence = "holds for every model that was asked, " * 3
    table = pl.DataFrame({"verdict": ["holds", "cannot tell"], "sentence": [sentence, "too\nfew"]})
    assert table_text(table, 80).splitlines() == [
        "verdict   holds",
        f"sentence  {sentence.strip()}",
        "",
        "verdict   cannot tell",
        "sentence  too few",
        "",
        "2 rows",
    ]


def test_the_first_rows_of_a_long_table_are_shown_and_all_are_counted() -> None:
    text = table_text(pl.DataFrame({"step": range(MAX_ROWS + 1)}), 80)
    assert f"| {MAX_ROWS - 1}  |" in text
    assert f"| {MAX_ROWS}  |" not in text
    assert text.endswith("201 rows, the first 200 of them shown; --format csv prints all")


def test_no_rows_show_the_columns() -> None:
    empty = pl.DataFrame(schema={"task": pl.String, "n": pl.Int64})
    assert table_text(empty, 80).splitlines() == ["| task | n |", "|------|---|", "0 rows"]
    assert table_text(empty, 8).splitlines() == ["(task, n)", "0 rows"]
