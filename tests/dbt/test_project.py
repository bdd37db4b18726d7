"""The dbt project as a document: sources held to the raw contract, nothing undescribed, layers kept apart."""

from __future__ import annotations

import inspect
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from tests.dbt.conftest import Built
from warehouse.dbt_columns import read_dictionary
from warehouse.figures import FIGURES
from warehouse.layout import DBT_PROJECT_DIR, Layout
from warehouse.report import page
from warehouse.schemas import RAW_TABLES

DUCKDB_TYPES = {
    pa.string(): "varchar",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.timestamp("us", tz="UTC"): "timestamp with time zone",
    pa.list_(pa.string()): "varchar[]",
    pa.list_(pa.float64()): "double[]",
    pa.list_(pa.float32()): "float[]",
}
LAYERS = ("staging", "intermediate", "marts", "figures")


def test_sources_follow_the_raw_contract() -> None:
    source = yaml.safe_load((DBT_PROJECT_DIR / "models" / "staging" / "_sources.yml").read_text())["sources"][0]
    described = {
        table["name"]: [(column["name"], column["data_type"]) for column in table["columns"]]
        for table in source["tables"]
    }
    contract = {
        table.name: [(field.name, DUCKDB_TYPES[field.type]) for field in table.schema] for table in RAW_TABLES.values()
    }
    assert described == contract
    for table in source["tables"]:
        assert table["description"]
        for column in table["columns"]:
            field = RAW_TABLES[table["name"]].schema.field(column["name"])
            assert column["description"].rstrip(".") == field.metadata[b"description"].decode().rstrip(".")


@pytest.fixture(scope="module")
def models(built: Built) -> list[dict[str, Any]]:
    manifest = json.loads((built.layout.dbt_target / "manifest.json").read_text())
    return [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]


@pytest.fixture(scope="module")
def columns(built: Built) -> dict[str, dict[str, str]]:
    """Type of every column, by model and column name."""
    found: dict[str, dict[str, str]] = {}
    for row in built.rows("information_schema.columns"):
        found.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"].lower()
    return found


def test_every_model_is_described_and_lists_its_columns(
    models: list[dict[str, Any]], columns: dict[str, dict[str, str]]
) -> None:
    for model in models:
        assert model["description"].strip(), model["name"]
        listed, found = set(model["columns"]), set(columns[model["name"]])
        # Intermediate models are published nowhere: they list the columns that have tests.
        assert listed <= found if model["schema"] == "intermediate" else listed == found, model["name"]


def test_a_column_name_has_one_type_and_one_meaning(columns: dict[str, dict[str, str]]) -> None:
    dictionary = read_dictionary()
    assert {name for found in columns.values() for name in found} == set(dictionary)
    for model, found in columns.items():
        for name, data_type in found.items():
            assert dictionary[name].of(model).data_type == data_type, f"{model}.{name}"
    for name, column in dictionary.items():
        names = {other for other, same in dictionary.items() if same is column}  # of one entry
        assert column.elsewhere.keys() <= {model for model, found in columns.items() if names & set(found)}, name


def test_descriptions_reach_the_database(built: Built) -> None:
    undescribed = built.rows("duckdb_columns()", "schema_name in ('marts', 'figures', 'seeds') and comment is null")
    assert not [(row["table_name"], row["column_name"]) for row in undescribed]


def test_published_columns_are_scalar_and_without_time_zone(built: Built) -> None:
    rows = built.rows("duckdb_columns()", "schema_name in ('marts', 'figures')")
    assert {row["data_type"] for row in rows} == {"VARCHAR", "BIGINT", "INTEGER", "DOUBLE", "BOOLEAN", "TIMESTAMP"}


def test_schemas_are_the_layers(models: list[dict[str, Any]]) -> None:
    for model in models:
        if model["resource_type"] == "model":
            assert model["schema"] in LAYERS
            path = Path(model["original_file_path"])
            assert path.name == f"{model['name']}.sql"
            # Intermediate models lie in a folder by subject, the others in their layer's.
            depth = 4 if model["schema"] == "intermediate" else 3
            assert path.parts[:2] == ("models", model["schema"]) and len(path.parts) == depth, path
            assert model["patch_path"].endswith(f"://{path.with_suffix('.yml').as_posix()}")
            assert model["contract"]["enforced"] == (model["schema"] in ("marts", "figures"))


def test_nothing_reads_a_figure_and_only_staging_reads_raw(models: list[dict[str, Any]]) -> None:
    for model in models:
        for parent in model.get("depends_on", {}).get("nodes", []):
            assert ".fig_" not in parent, f"{model['name']} reads {parent}"
            assert not parent.startswith("source.") or model["schema"] == "staging", f"{model['name']} reads {parent}"


def test_exposures_name_what_the_report_and_the_exports_read(built: Built) -> None:
    manifest = json.loads((built.layout.dbt_target / "manifest.json").read_text())
    read = {
        exposure["name"]: {node.rsplit(".", 1)[-1] for node in exposure["depends_on"]["nodes"]}
        for exposure in manifest["exposures"].values()
    }
    published = {row["table_name"] for row in built.rows("duckdb_tables()", "schema_name in ('marts', 'figures')")}
    assert read["exports"] == published
    beside = {name for query in page.QUERIES for name in built.database.get_table_names(query)}
    assert {"findings", "fct_incoherence", "dim_model", "dim_condition"} <= beside
    assert read["report"] == beside | {table for figure in FIGURES for table in figure.tables}


def test_the_report_reads_tables_by_these_queries_alone() -> None:
    assert set(re.findall(r"con\.(?:sql|execute|query)\((\w*)", inspect.getsource(page))) == {
        "FINDINGS",
        "MODELS",
        "SLOPES",
    }


def test_the_report_has_a_row_for_each_pool_by_its_main_decomposition(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(tmp_path)
    layout.published_database.parent.mkdir(parents=True)
    shutil.copy(built.layout.build_database, layout.published_database)
    monkeypatch.setattr(page, "FIGURES", ())
    table = (
        page.write_page(layout).path.read_text(encoding="utf-8").partition('id="models"')[2].partition("</table>")[0]
    )
    rows = [re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", row)).split() for row in re.split("<tr[^>]*>", table)[2:]]
    pools = built.rows("(select distinct task, model_id, condition_id from marts.fct_incoherence)")
    assert len(rows) == len(pools)
    told = dict.fromkeys(("four", "many", "study", "independent", "budgets"), "Brier") | {
        "open": "score",
        "essay": "score",
    }
    for row in rows:
        # Stated probabilities are told by KL, answer letters by Brier.
        measure = "KL" if "probability," in row else {**told, "repair": "unit", "trials": "unit"}[row[0]]
        assert measure in row, row
    # An estimate and the ends of its interval: accuracy, error, bias², variance and incoherence each have both.
    (expected,) = built.rows(
        "marts.fct_incoherence",
        "task = 'repair' and decomposition = 'coverage' and model_id = 'fam-1'",
    )
    (shown,) = [row for row in rows if row[:2] == ["repair", "fam-1"]]
    for name in ("accuracy", "error", "bias_sq_unbiased", "variance_unbiased", "incoherence_unbiased"):
        place = shown.index(f"{expected[name]:.3f}")
        assert shown[place + 1] == f"{expected[f'{name}_ci_low']:.2f}–{expected[f'{name}_ci_high']:.2f}", name


def test_models_stay_readable() -> None:
    for folder in ("models", "macros"):
        for path in (DBT_PROJECT_DIR / folder).rglob("*.sql"):
            assert len(path.read_text().splitlines()) <= 120, path


def test_the_dbt_folder_is_no_package() -> None:
    assert not (DBT_PROJECT_DIR / "__init__.py").exists()
