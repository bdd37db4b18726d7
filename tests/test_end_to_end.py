"""The product as a user meets it, from a wheel, in an empty folder: one command, then the file, the pictures, the page,
the queries, the UI's history. Only the pages' commands are run in the checkout, whose files they name.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psutil
import pytest
import yaml
from typer.testing import CliRunner

from benchmarks.browser import browser_path
from dagster_project.cli import app
from dagster_project.main_job import FIRST_EXPERIMENT
from tests.installed import Installed, build, installed
from tests.reports import carried_by
from tests.test_documentation import OURS, READING, printed
from warehouse.connect import connect
from warehouse.figures import FIGURES
from warehouse.layout import PROJECT_ROOT, Layout
from warehouse.raw import connect_raw

DEMO_LOGS = PROJECT_ROOT / "ingestion" / "logs" / "demo"
WITHOUT_DATA_AT_FIRST = {"embedding_variance", "survey"}
"""The local reasoners write no open-ended answers, and nobody rates them."""

NOTHING_TO_DRAW_AT_FIRST = WITHOUT_DATA_AT_FIRST | {"drift", "judge_noise"}
"""Everything was drawn on one day from one version and graded once: the tables say so, and there is nothing to draw."""

CHROMIUM = browser_path()


@dataclass(frozen=True)
class Interrupted:
    """What a first `incoherence run` left that was interrupted while it sampled.

    Attributes:
        status: its exit status.
        told: its standard error.
        kept: the samples that it had drawn, with their completions.
        alive: processes that it had started and that outlived it.
    """

    status: int
    told: str
    kept: set[tuple[str, str]]
    alive: list[psutil.Process]


def drawn(layout: Layout) -> set[tuple[str, str]]:
    with connect_raw(layout) as con:
        return set(con.execute("select sample_id, completion from raw.samples where source = 'sampler'").fetchall())


def holds_samples(segment: Path) -> bool:
    if ".zst" in segment.name:  # closed: a small pool is drawn between two looks
        return True
    try:
        return segment.read_bytes().count(b"\n") > 1  # the first line is its header
    except FileNotFoundError:  # closed since it was listed
        return True


def run_and_interrupt(product: Installed, layout: Layout) -> Interrupted:
    with product.start("run", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        started: set[psutil.Process] = set()
        while not any(map(holds_samples, layout.responses.rglob("*.jsonl*"))):
            assert run.poll() is None
            started.update(psutil.Process(run.pid).children(recursive=True))
            time.sleep(0.05)
        started.update(psutil.Process(run.pid).children(recursive=True))
        run.send_signal(signal.SIGINT)
        _, told = run.communicate(timeout=180)
    _, alive = psutil.wait_procs(started, timeout=30)
    return Interrupted(run.returncode, told, drawn(layout), alive)


N_ASSETS = """
from dagster_project.definitions import build_definitions
print(len(build_definitions().resolve_asset_graph().get_all_asset_keys()))
"""


@dataclass(frozen=True)
class Run:
    """A first `incoherence run` of the installed product, in an empty folder.

    Attributes:
        product: what was installed, and the folder.
        untouched: the installed files before anything was run.
        layout: its warehouse.
        printed: what the command printed.
        interrupted: what was there before: the same command, interrupted once.
    """

    product: Installed
    untouched: dict[str, tuple[int, str]]
    layout: Layout
    printed: str
    interrupted: Interrupted


@pytest.fixture(scope="module")
def after_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The first experiment is there, smaller than `run` would make it, and logs of simulated models."""
    home = tmp_path_factory.mktemp("user")
    with installed(build("wheel", PROJECT_ROOT, home / "wheel"), home) as product:
        untouched = product.files()
        layout = Layout(product.folder / "incoherence-warehouse")
        spec = yaml.safe_load(FIRST_EXPERIMENT.read_text(encoding="utf-8"))
        spec["tasks"][0]["n_items"], spec["contexts"], spec["epochs"] = 48, 4, 2
        layout.experiments.mkdir(parents=True)
        (layout.experiments / "small.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
        shutil.copytree(DEMO_LOGS, layout.inbox, ignore=shutil.ignore_patterns("*.py", "*.md"))
        interrupted = run_and_interrupt(product, layout)
        yield Run(product, untouched, layout, product.run("run").stdout, interrupted)


def test_an_interrupted_run_ends_and_the_next_one_goes_on(after_run: Run) -> None:
    layout, interrupted = after_run.layout, after_run.interrupted
    assert interrupted.status == 130
    assert "run the same command again" in interrupted.told and "Traceback" not in interrupted.told
    assert not interrupted.alive
    everything = drawn(layout)
    assert 0 < len(interrupted.kept) < len(everything)
    assert interrupted.kept <= everything, "what was drawn is there as it was"


def test_run_prints_where_things_are(after_run: Run) -> None:
    layout = after_run.layout
    for path in (layout.published_database, layout.figures, layout.report):
        assert str(path) in after_run.printed
        assert path.exists()


def test_every_figure_has_its_pictures_and_rows(after_run: Run) -> None:
    layout = after_run.layout
    with connect(layout.published_database) as con:
        for figure in FIGURES:
            if figure.name in NOTHING_TO_DRAW_AT_FIRST:
                assert not list(layout.figures.glob(f"{figure.name}.*")), "a picture of nothing"
            else:
                png = (layout.figures / f"{figure.name}.png").read_bytes()
                assert png.startswith(b"\x89PNG")
                assert len(png) > 15_000, "too small to show anything"
                assert ET.parse(layout.figures / f"{figure.name}.svg").getroot().tag.endswith("svg")
            for table in figure.tables:
                (count,) = con.execute(f"select count(*) from figures.{table}").fetchone() or (0,)
                assert (count > 0) == (figure.name not in WITHOUT_DATA_AT_FIRST), table


def test_the_optimizers_have_learned(after_run: Run) -> None:
    layout = after_run.layout
    with connect(layout.published_database) as con:
        rows = con.execute(
            "select bias_sq, validation_loss, uniform_loss from figures.fig_synthetic_by_scale "
            "where source = 'this warehouse' and decomposition = 'per_start' and starts = 'standard' "
            "and temperature = 0 order by param_count"
        ).fetchall()
        losses = [loss for _, loss, _ in rows]
        assert len(losses) >= 3
        assert losses == sorted(losses, reverse=True), "validation loss falls with size"
        biases = [bias_sq for bias_sq, _, _ in rows]
        # Not step by step: at temperature 0 a few starts that end in a trap decide, and rounding decides which do.
        assert biases[0] > 10 * biases[-1], "and so does bias²"
        assert losses[-1] < 0.6 * rows[-1][2], "and is well below a uniform guess"
        by_step = con.execute(
            "select step, incoherence, error from figures.fig_synthetic_by_step where decomposition = 'per_start' "
            "and starts = 'standard' and temperature = 0 and source = 'this warehouse' "
            "and model_id = (select arg_max(model_id, param_count) from figures.fig_synthetic_by_scale "
            "where source = 'this warehouse') order by step"
        ).fetchall()
        assert by_step[0][1] < 0.05, "at the start all error is common to a start's replicates"
        assert by_step[-1][1] > 5 * by_step[0][1], "incoherence rises along the rollout"
        assert by_step[-1][2] < by_step[0][2] / 10, "and the rollouts descend"


def test_simulated_models_are_labelled_everywhere(after_run: Run) -> None:
    layout = after_run.layout
    with connect(layout.published_database) as con:
        rows = con.execute(
            "select model_id, is_simulated from marts.dim_model where model_id like 'mockllm/%'"
        ).fetchall()
    assert rows
    assert all(is_simulated for _, is_simulated in rows)
    assert "models were not asked" in layout.report.read_text(encoding="utf-8")


def test_the_report_asks_nothing_of_the_network(after_run: Run) -> None:
    layout = after_run.layout
    page = layout.report.read_text(encoding="utf-8")
    assert not re.search(r"<script[^>]+src=", page)
    outside_scripts = re.sub(r"(<script[^>]*>).*?</script>", r"\1", page, flags=re.DOTALL)
    assert not re.search(r"<(?:img|iframe)|<link[^>]+href=\"(?!data:)|@import|url\(http|https?://", outside_scripts)
    charts = json.loads(carried_by(page))["charts"]
    assert charts.keys() == {figure.name for figure in FIGURES} - NOTHING_TO_DRAW_AT_FIRST


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_report_draws_every_figure_in_a_browser(after_run: Run, tmp_path: Path) -> None:
    layout = after_run.layout
    page = subprocess.run(
        [
            str(CHROMIUM),
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
            *("--disable-background-networking", "--disable-component-update", f"--user-data-dir={tmp_path}"),
            "--host-resolver-rules=MAP * ~NOTFOUND",  # whatever it asked for would fail
            *("--virtual-time-budget=20000", "--dump-dom", layout.report.as_uri()),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=180,
    ).stdout
    for figure in FIGURES:
        if figure.name in NOTHING_TO_DRAW_AT_FIRST:
            continue
        drawn = re.search(rf'<div class="chart[^"]*" id="chart-{figure.name}"[^>]*>(.*?)</div>', page, re.DOTALL)
        assert drawn, figure.name
        assert "<canvas" in drawn[1] or "<svg" in drawn[1], f"{figure.name} was not drawn: {drawn[1][:300]}"
    assert "could not be drawn" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_queries_come_in_three_formats(after_run: Run) -> None:
    sql = "select task, n_items, incoherence from marts.fct_incoherence where decomposition = 'kl' order by all"
    rows = list(csv.DictReader(io.StringIO(after_run.product.run("query", sql, "--format", "csv").stdout)))
    assert rows
    asked = json.loads(after_run.product.run("query", sql, "--format", "json").stdout)
    assert [row["n_items"] for row in asked] == [int(row["n_items"]) for row in rows]
    table = after_run.product.run("query", sql).stdout
    assert f"{len(rows)} rows" in table
    assert "incoherence" in table


def test_wrong_queries_get_one_clear_line(after_run: Run) -> None:
    failed = after_run.product.run("query", "from marts.fct_incoherenc", expect=1)
    assert "fct_incoherenc does not exist" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert "read-only" in after_run.product.run("query", "create table marts.x (a integer)", expect=1).stderr


def test_a_second_run_trains_and_imports_nothing(after_run: Run) -> None:
    layout = after_run.layout
    before = {path: path.stat().st_mtime_ns for path in layout.raw.rglob("*.parquet")}
    with connect(layout.published_database) as reader:
        counted = reader.execute("select count(*) from marts.fct_sample").fetchone()
        again = after_run.product.run("run")  # while a reader holds the published file open
        assert "nothing new" in again.stdout
        assert reader.execute("select count(*) from marts.fct_sample").fetchone() == counted
    assert {path: path.stat().st_mtime_ns for path in layout.raw.rglob("*.parquet")} == before
    with connect(layout.published_database) as con:
        assert con.execute("select count(*) from marts.fct_sample").fetchone() == counted


READ = {
    tuple(words[1:]) for page, *words in OURS if words[1] in READING and page not in {"CHANGELOG.md", "tutorial.md"}
}


@pytest.fixture
def at_the_readers_place(after_run: Run, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Runs commands in the checkout, on that warehouse, in a terminal of usual width for tables."""
    monkeypatch.setenv("WAREHOUSE_ROOT", str(after_run.layout.root))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(PROJECT_ROOT)
    return CliRunner()


def test_the_tutorial_shows_what_is_printed(after_run: Run) -> None:
    """Lines that end in … are the beginning of one, and … alone stands for any."""
    for words, lines in printed((PROJECT_ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")):
        if words[0] != "incoherence":
            continue
        command = [
            name
            for word in words[1:]
            for name in (sorted(map(str, PROJECT_ROOT.glob(word))) if "*.eval" in word else [word])
        ]
        options = ["--no-open"] if words[1] == "analyze" else []
        done = after_run.product.run(*command, *options, root=after_run.layout.root, columns=200)
        for line in lines if words[1] != "analyze" else ():  # which says where
            wanted = line.removesuffix("…")
            assert any(
                found.startswith(wanted) if wanted != line else found == line for found in done.stdout.splitlines()
            ), line


def test_other_commands_of_the_pages_that_read_do_it(at_the_readers_place: CliRunner) -> None:
    assert len(READ) > 4
    for words in READ:
        done = at_the_readers_place.invoke(app, words)
        assert done.exit_code == 0, (words, done.output)


NOTEBOOK = PROJECT_ROOT / "docs" / "examples" / "from-logs.ipynb"

TOLD = """
import json
simulated = pools.filter(task="simulated_mcq")["is_simulated"].to_list()
print(json.dumps([simulated, chart.to_dict()["layer"][0]["encoding"]["x"]["title"], len(by_difficulty)]))
"""


def test_the_notebook_runs(after_run: Run) -> None:
    cells = [cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] for cell in cells), "what it shows is made anew"
    code = "\n".join("".join(cell["source"]) for cell in cells)
    simulated, title, n_rows = json.loads(after_run.product.python(code + TOLD, root=after_run.layout.root))
    assert simulated == [True] * 4
    assert title == "incoherence, with its 95 % interval"
    assert n_rows


def test_the_ui_would_show_the_runs(after_run: Run) -> None:
    import dagster as dg

    layout = after_run.layout
    with dg.DagsterInstance.from_config(str(layout.dagster_home)) as instance:
        runs = instance.get_runs()
        assert {run.job_name for run in runs} == {"sample_local", "collect", "transform"}
        # The last one is the one that was interrupted.
        assert all(run.is_success for run in runs[:-1]) and (runs[-1].job_name, runs[-1].is_failure) == (
            "sample_local",
            True,
        )
        event = instance.get_latest_materialization_event(dg.AssetKey(["published", "synthetic_by_step"]))
        assert event is not None
        assert event.asset_materialization is not None
        assert "data:image/png;base64," in str(event.asset_materialization.metadata["picture"].value)
        fact = instance.get_latest_materialization_event(dg.AssetKey(["marts", "fct_sample"]))
        assert fact is not None
        assert fact.asset_materialization is not None
        assert fact.asset_materialization.metadata["dagster/row_count"].value > 0
        assert fact.asset_materialization.metadata["dagster/column_lineage"].value.deps_by_column


def test_bad_usage_exits_2_and_help_shows_an_example(after_run: Run, tmp_path: Path) -> None:
    after_run.product.run("no-such-command", expect=2)
    command = CliRunner()
    for wrong in (["import"], ["import", str(tmp_path / "nowhere.eval")]):
        assert command.invoke(app, wrong).exit_code == 2
    for name in ("run", "import", "build", "publish", "report", "sample", "status", "query", "serve-reasoner", "ui"):
        assert "Example: incoherence" in command.invoke(app, [name, "--help"]).stdout


def test_before_anything_exists_each_command_says_what_to_do(after_run: Run, tmp_path: Path) -> None:
    def told(*words: str) -> str:
        return after_run.product.run(*words, root=tmp_path, expect=1).stderr

    assert "incoherence build" in told("publish")
    assert "incoherence run" in told("report")
    assert "incoherence run" in told("query", "select 1")
    assert "incoherence import" in after_run.product.run("status", root=tmp_path).stdout


def test_what_is_no_log_is_refused_in_one_line(after_run: Run, tmp_path: Path) -> None:
    product, layout = after_run.product, after_run.layout
    no_log = tmp_path / "notes.eval"
    no_log.write_text("these are my notes")
    known = min((product.packages / "ingestion" / "logs" / "demo").glob("*.eval"))
    refused = product.run("import", str(no_log), str(known), expect=1)
    (line,) = refused.stderr.strip().splitlines()
    assert "notes.eval" in line
    assert "1 unchanged, 1 refused" in refused.stdout
    status = product.run("status").stdout
    assert "quarantined: 1" in status
    assert "notes.eval" in status
    with connect(layout.published_database) as con, pytest.raises(duckdb.CatalogException):
        con.execute("from staging.stg_samples")


def test_documents_come_with_the_product_and_nothing_is_written_beside_it(after_run: Run) -> None:
    product = after_run.product
    product.run("docs")
    assert "90 samples planned" in product.run("sample", "docs/examples/own-items.yaml", "--dry-run").stdout
    assert {path.name for path in product.folder.iterdir()} == {"incoherence-warehouse", "docs"}
    # The graph is made from the manifest of that build, in a folder that has the packages' names.
    (product.folder / "warehouse.py").write_text("raise ImportError('not this one')")
    assert int(product.python(N_ASSETS)) > 100
    assert product.files() == after_run.untouched, "nothing was written beside the packages"
