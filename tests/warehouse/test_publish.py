from __future__ import annotations

import csv
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from warehouse.connect import NothingPublishedError, connect
from warehouse.layout import Layout
from warehouse.lock import LockedError
from warehouse.publish import NothingBuiltError, UnfinishedBuildError, publish
from warehouse.transform import building

OLD_DRIVERS = ("1.1.3", "1.3.2", "1.4.5", "1.5.6")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def build_database(layout: Layout, *, n_rows: int = 3) -> None:
    layout.build_database.parent.mkdir(parents=True, exist_ok=True)
    layout.build_database.unlink(missing_ok=True)
    with duckdb.connect(str(layout.build_database)) as con:
        con.execute("create schema marts; create schema figures; create schema staging")
        con.execute("create table staging.stg_secret as select 1 as a")
        con.execute(
            f"""
            create table marts.fct as
            select
                i::integer as id, 'näme''s ' || i as label, i / 3.0::double as value,
                case when i % 2 = 0 then null else i::bigint end as maybe,
                timestamp '2026-01-01' + to_seconds(i) as created_at, i % 2 = 0 as is_even
            from range({n_rows}) as numbers (i)
            """
        )
        con.execute("create table figures.fig_empty (x double, y varchar)")
        con.execute("comment on table marts.fct is 'It''s a table'; comment on column marts.fct.value is 'A third'")


def test_marts_and_figures_are_published_with_comments_and_nothing_else(layout: Layout) -> None:
    build_database(layout)
    result = publish(layout)
    assert result.row_counts == {"figures.fig_empty": 0, "marts.fct": 3}
    with connect(layout.published_database) as con:
        assert con.execute("select comment from duckdb_tables() where table_name = 'fct'").fetchall() == [
            ("It's a table",)
        ]
        comments = con.execute("select column_name, comment from duckdb_columns() where comment is not null").fetchall()
        assert comments == [("value", "A third")]
        assert con.execute("select count(*) from duckdb_tables() where table_name like 'stg%'").fetchall() == [(0,)]
        assert con.execute("select value from marts.fct order by id").fetchall() == [(0.0,), (1 / 3,), (2 / 3,)]


def test_the_published_file_is_read_only(layout: Layout) -> None:
    build_database(layout)
    publish(layout)
    assert stat.S_IMODE(layout.published_database.stat().st_mode) == 0o444
    with connect(layout.published_database) as con, pytest.raises(duckdb.Error):
        con.execute("create table marts.other (a integer)")


def test_exports_hold_the_same_rows_and_stale_ones_disappear(layout: Layout) -> None:
    build_database(layout)
    stale = layout.exports_csv / "fig_of_yesterday.csv"
    stale.parent.mkdir(parents=True)
    stale.write_text("x\n1\n")
    publish(layout)
    with duckdb.connect() as con:
        exported = con.sql(f"from '{layout.exports_parquet}/marts/fct.parquet' order by id").fetchall()
    with connect(layout.published_database) as con:
        assert con.sql("from marts.fct order by id").fetchall() == exported
    assert (layout.exports_csv / "fig_empty.csv").read_text() == "x,y\n"
    assert not stale.exists()


def test_csv_for_spreadsheets_holds_no_formula_and_parquet_is_exact(layout: Layout) -> None:
    build_database(layout)
    texts = ["=1+1", " @SUM(A1)", "-5", "a\r\nb", "\x1b[31mred", "'quoted'", "plain", None]
    with duckdb.connect(str(layout.build_database)) as con:
        con.execute('create table figures.fig_texts (i integer, "te""xt" varchar)')
        con.executemany("insert into figures.fig_texts values (?, ?)", list(enumerate(texts)))
    publish(layout)
    with layout.exported_csv("fig_texts").open(newline="", encoding="utf-8") as file:
        cells = [row['te"xt'] for row in csv.DictReader(file)]
    assert cells == ["'=1+1", "' @SUM(A1)", "-5", "a\nb", "\N{REPLACEMENT CHARACTER}[31mred", "'quoted'", "plain", ""]
    exact = duckdb.sql(f"from '{layout.exported_parquet('figures', 'fig_texts')}' order by i").fetchall()
    assert [text for _, text in exact] == texts


@pytest.mark.parametrize(
    "statement",
    [
        "copy (select 1) to '{folder}/x.csv'",
        "export database '{folder}/x'",
        "attach '{folder}/x.duckdb' as x",
        "install httpfs",
        "load httpfs",
        "from read_text('{folder}/secret.txt')",
        "from '{folder}/secret.csv'",
        "from glob('{folder}/*')",
        "set enable_external_access = true",
        "reset lock_configuration",
        "pragma profiling_output = '{folder}/x'",
        "select 1; copy (select 1) to '{folder}/x.csv'",
        "create persistent secret s (type s3)",
        "from layout",
        "create table marts.other (a integer)",
    ],
)
def test_a_confined_statement_reaches_no_other_file(layout: Layout, tmp_path: Path, statement: str) -> None:
    build_database(layout)
    publish(layout)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "secret.txt").write_text("secret")
    (folder / "secret.csv").write_text("a\nsecret\n")
    before = sorted(folder.iterdir())
    with connect(layout.published_database, confined=True) as con:
        assert con.sql("from marts.fct").pl().height == 3
        con.execute("create temp table mine as from marts.fct")
        with pytest.raises(duckdb.Error):
            con.sql(statement.format(folder=folder))
    assert sorted(folder.iterdir()) == before


def test_an_open_reader_keeps_its_content_and_a_new_one_sees_the_new(layout: Layout) -> None:
    build_database(layout)
    publish(layout)
    # Another process holds the file open, as a BI tool would.
    code = (
        "import duckdb, sys; con = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); "
        "sys.stdin.readline(); print(con.execute('select count(*) from marts.fct').fetchone()[0])"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", code, str(layout.published_database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline().strip() == "open"
    build_database(layout, n_rows=500)
    publish(layout)
    old, _ = reader.communicate("\n", timeout=60)
    assert old.strip() == "3"
    with connect(layout.published_database) as con:
        assert con.execute("select count(*) from marts.fct").fetchone() == (500,)


def test_clear_errors_before_anything_exists(layout: Layout) -> None:
    with pytest.raises(NothingBuiltError, match="incoherence build"):
        publish(layout)
    with pytest.raises(NothingPublishedError, match="incoherence run"):
        connect(layout.published_database)
    build_database(layout)
    publish(layout)
    before = layout.published_database.read_bytes()
    layout.build_database.unlink()
    duckdb.connect(str(layout.build_database)).close()
    with pytest.raises(NothingBuiltError, match="no marts or figures"):
        publish(layout)
    assert layout.published_database.read_bytes() == before


@pytest.mark.parametrize("version", OLD_DRIVERS)
def test_older_drivers_read_the_published_file(version: str, tmp_path: Path, layout: Layout) -> None:
    driver = tmp_path / "driver"
    install = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "--target",
            str(driver),
            f"duckdb=={version}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if install.returncode:
        pytest.skip(f"duckdb {version} cannot be installed here: {install.stderr.strip().splitlines()[-1:]}")
    build_database(layout, n_rows=200_000)
    publish(layout)
    query = (
        "select count(*), sum(id), sum(maybe), count(maybe), min(label), max(created_at)::varchar, "
        "sum(value::decimal(18, 6)) from marts.fct"
    )
    code = (
        "import duckdb, json, sys; con = duckdb.connect(sys.argv[1], read_only=True); "
        "row = con.execute(sys.argv[2]).fetchone(); "
        "tables = con.execute('select count(*) from duckdb_tables()').fetchone(); "
        "print(json.dumps([duckdb.__version__, tables[0], *map(str, row)]))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code, str(layout.published_database), query],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(driver)},
    ).stdout
    with connect(layout.published_database) as con:
        expected = [str(value) for value in con.execute(query).fetchone() or ()]
    assert json.loads(output) == [version, 2, *expected]


def test_an_unfinished_build_is_not_published(layout: Layout) -> None:
    build_database(layout)
    with pytest.raises(KeyboardInterrupt), building(layout, is_whole=True):
        raise KeyboardInterrupt
    with pytest.raises(UnfinishedBuildError, match="run `incoherence build`"):
        publish(layout)
    with building(layout, is_whole=False):
        pass
    with pytest.raises(UnfinishedBuildError):  # a part mends nothing
        publish(layout)
    with building(layout, is_whole=True):
        pass
    with building(layout, is_whole=False):
        pass
    publish(layout)


def test_publishing_waits_for_nobody_and_says_who_is_at_work(layout: Layout) -> None:
    build_database(layout)
    with (
        building(layout, is_whole=True),
        pytest.raises(LockedError, match=rf"another build or publish \(process {os.getpid()}\) is at work"),
    ):
        publish(layout)


def test_a_build_database_that_is_open_elsewhere_gets_one_clear_line(layout: Layout) -> None:
    build_database(layout)
    code = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.readline()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(layout.build_database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(LockedError, match="another program has it open") as caught:
            publish(layout)
        holder.communicate("\n", timeout=60)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("table", ["figures.fig_empty", "marts.fct"])
def test_a_publish_that_stops_half_way_leaves_what_was_published(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    build_database(layout)
    publish(layout)
    before = {path: path.read_bytes() for path in layout.published.rglob("*") if path.is_file()}
    build_database(layout, n_rows=9)
    name, where = table.split(".")[1], type(layout).exported_parquet

    def full(self: Layout, schema: str, name_: str) -> Path:
        if name_ == name:
            raise OSError("the disk is full")
        return where(self, schema, name_)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="full"):
        patch.setattr(Layout, "exported_parquet", full)
        publish(layout)
    assert {path: path.read_bytes() for path in layout.published.rglob("*") if path.is_file()} == before
    assert publish(layout).row_counts["marts.fct"] == 9
