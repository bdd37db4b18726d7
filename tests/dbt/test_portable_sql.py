"""What can be seen in the text of SQL that Spark would take otherwise, most of it without a word: docs/spark.md."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from warehouse.layout import DBT_PROJECT_DIR

FORBIDDEN = {
    r"(?<![\w.])\d+\.\d+(?![\w.])": "a decimal, whose average is cut off at four more digits: write 1e0, or double(x)",
    r"\bvarchar\b": "needs a length in Spark: write string",
    r"\\(?!n)": "begins an escape in Spark's texts: a macro in engine.sql",
    r"\b(len|size|array_size|cardinality)\(": "one engine lacks it, or has -1 for NULL: macro list_length",
    r"\b(list|array)_\w+\(": "one engine lacks it: a macro in engine.sql",
    r"\b(printf|format_string)\(": "Spark makes a text of NULL: macro formatted",
    r"\b(string_agg|listagg|group_concat)\(": "macro joined",
    r"\b(unnest|explode)\(": "macro positions",
    r"\b(hash|bit_xor|read_\w+)\(": "one engine lacks it, or has other numbers for it: a macro in engine.sql",
    r"\b(arg_min|arg_max|quantile_\w+|list|epoch)\(|\bby name\b": "Spark lacks it",
    r"\b(lgamma|isfinite|isinf|json_\w+|strftime|date_diff|regexp_extract_all)\(": "Spark lacks it",
    r"::": "write cast(… as …)",
    r"\bregexp_extract\([^()]*(\([^()]*\)[^()]*)*'\s*\)": "Spark takes group 1 where none is named",
    r"\bmaterialized=\"view\"": "Spark would work it out for each reader: unstored()",
}

FILES = sorted(path for folder in ("macros", "models", "tests") for path in (DBT_PROJECT_DIR / folder).rglob("*.sql"))


@cache
def sql_of(text: str) -> str:
    """The SQL in a file: without comments, and of Jinja only the texts in it, which become SQL."""
    text = re.sub(r"\{#.*?#\}|\{\{ exceptions\..*?\}\}", "", text, flags=re.DOTALL)
    jinja = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
    text = jinja.sub(lambda match: " ".join(re.findall(r'"([^"]*)"', match.group())), text)
    return re.sub(r"--.*", "", text)


def without_texts(sql: str) -> str:
    return re.sub(r"'[^']*'", "''", sql)


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_models_say_nothing_that_engines_read_differently(pattern: str) -> None:
    bad = []
    for path in FILES:
        if not path.name.startswith("engine"):
            text = path.read_text(encoding="utf-8")
            sql = text if "materialized" in pattern else sql_of(text)
            sql = sql if "\\\\" in pattern or "regexp" in pattern else without_texts(sql)
            bad += [f"{path.name}: {found.group()}" for found in re.finditer(pattern, sql)]
    assert not bad, f"{FORBIDDEN[pattern]}: {bad}"


@pytest.mark.parametrize(
    ("text", "is_bad"),
    [
        ("avg(case when x then 1.0 else 0e0 end)", True),
        ('{%- set y = "(3.3 * x)" -%}', True),
        ("{%- set z = 1.96 -%} {{ double(z) }} -- 0.5", False),
        ("select '1.5', t1.x2, 1.5e0 from t1 {# 2.5 #}", False),
    ],
)
def test_a_decimal_is_seen_where_it_becomes_sql(text: str, is_bad: bool) -> None:
    assert bool(re.search(next(iter(FORBIDDEN)), without_texts(sql_of(text)))) is is_bad


def test_every_macro_of_one_engine_is_a_dispatched_one() -> None:
    """A macro that only Spark has would never be called."""
    macros = {
        match
        for path in Path(DBT_PROJECT_DIR, "macros").glob("engine*.sql")
        for match in re.findall(r"\{% macro (\w+)\(", path.read_text(encoding="utf-8"))
    }
    own = {"create_csv_table", "load_csv_rows"}  # dbt's
    assert {name.removeprefix("spark__") for name in macros if name.startswith("spark__")} - own <= macros
