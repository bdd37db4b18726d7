"""From sampled responses to the published file: what flows into the figures, and what must never be published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from ingestion.logs.importer import import_paths
from ingestion.logs.table.mapping_file import SHIPPED
from ingestion.sampling import embed_answers, load_spec, sample
from tests.sampling.conftest import KEY
from tests.sampling.killing import write_items
from tests.sampling.server import running
from tests.sampling.test_tasks import write_gpqa
from warehouse.layout import Layout
from warehouse.parquet import write_partition
from warehouse.publish import publish
from warehouse.raw import connect_raw
from warehouse.transform import prepare, run_dbt

WITH_TEXTS = ("+fig_transcripts", "+dim_item", "+fct_sample", "+fig_embedding_variance", "+fig_contrasts")
MODELS_ALONE = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
SECRETS = ("secret", "right 1", "w1 w1")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """GPQA under a name of the user's choosing, asked of a model that repeats its prompt; and embedded answers."""
    folder = tmp_path_factory.mktemp("published")
    layout = Layout(folder / "warehouse")
    write_gpqa(folder / "gpqa.csv", n=6)
    write_items(folder, 6)
    with running() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", KEY)
        spec = {
            "name": "trial",
            "tasks": [
                {"kind": "gpqa", "name": "science", "path": "gpqa.csv"},
                {"kind": "own", "name": "own", "path": "items.jsonl"},
            ],
            "models": [{"id": "echo", "provider": "here"}],
            "providers": {"here": {"kind": "openai", "base_url": f"{server.url}/v1"}},
            "conditions": [
                {"prompt_format": "choice", "shots": 2, "tasks": ["own"]},
                {"prompt_format": "choice", "shots": 2, "tasks": ["science"], "system": "Like this: secret 1? right 1"},
                {"prompt_format": "open_ended", "tasks": ["own"]},
            ],
            "epochs": 4,
            "embeddings": {"model": "tiny", "base_url": f"{server.url}/v1"},
        }
        (folder / "spec.yaml").write_text(yaml.safe_dump(spec))
        loaded = load_spec(folder / "spec.yaml")
        sample(loaded, layout)
        embed_answers(loaded, layout)
    write_hints(folder)
    for kind in ("baseline", "hinted"):
        mapping = folder / f"{kind}.yaml"
        mapping.write_text((SHIPPED / f"hints_{kind}.yaml").read_text() + "question: question\n")
        assert not import_paths([folder / f"{kind}_echo.json"], layout, mapping=mapping).has_refused
    imported = {"task": "inspect_evals/GPQA_diamond", "item_id": "1", "answer_key_id": "k", "question": "secret log?"}
    write_partition(
        layout,
        "items",
        [imported | {"target_text": "right 1", "source": "inspect", "ingested_at": datetime.now(UTC)}],
        file_stem="log",
        partition={"task": imported["task"]},
    )
    prepare(layout)
    run_dbt(layout, ["build", "--select", *WITH_TEXTS, *MODELS_ALONE])
    publish(layout)
    yield layout


def write_hints(folder: Path) -> None:
    """Answers with a hint and without, to two questions of GPQA, in the layout of hot-mess-reward-hacking."""
    told = [
        {
            "question_idx": number,
            "question": f"secret {number}?",
            "correct_answer": "B",
            "hint_answer": "C",
            "correct_rate": 0.5,
            "answers": [
                {"sample": sample, "answer": answer, "correct": answer == "B", "followed_hint": answer == "C"}
                for sample, answer in enumerate("BC")
            ],
        }
        for number in (0, 1)
    ]
    (folder / "baseline_echo.json").write_text(json.dumps(told))
    (folder / "hinted_echo.json").write_text(json.dumps({"grader": told}))


def test_no_text_of_gpqa_is_published(published: Layout) -> None:
    with connect_raw(published) as con:
        completions = con.execute("select completion from raw.samples where task = 'science'").fetchall()
    assert len(completions) == 24
    assert all("secret" in text for (text,) in completions), "the model repeats what it was asked"
    with duckdb.connect(str(published.published_database), read_only=True) as con:
        items = con.execute("select task, is_withheld, count(question) from marts.dim_item group by all order by all")
        assert items.fetchall() == [
            ("gpqa_hints", True, 0),
            ("inspect_evals/GPQA_diamond", True, 0),
            ("own", False, 12),
            ("science", True, 0),
        ]
        transcripts = con.execute(
            "select task, count(*) > 0, count(question), count(example) > 0 from figures.fig_transcripts "
            "group by all order by all"
        ).fetchall()
        assert [row[:3] for row in transcripts if row[0] == "science"] == [("science", True, 0)]
        assert {row[0]: row[3] for row in transcripts} == {"gpqa_hints": False, "own": True, "science": False}
        labels = con.execute(
            "select condition_label, other_condition_label from figures.fig_contrasts where task = 'gpqa_hints'"
        ).fetchall()
        assert set(labels) == {("hint: none", "hint: grader")}
        tables = con.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        for schema, table in tables:
            told = str(con.execute(f'from "{schema}"."{table}"').fetchall())
            assert not any(secret in told for secret in SECRETS), table
    exports = [path for path in published.published.rglob("*") if path.suffix in (".parquet", ".csv")]
    assert len(exports) > len(tables)
    for path in exports:
        told = str(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else path.read_text()
        assert not any(secret in told for secret in SECRETS), path


def test_embeddings_flow_into_the_decomposition(published: Layout) -> None:
    with connect_raw(published) as con:
        drawn = con.execute(
            "select item_id, vector from raw.embeddings join raw.samples using (sample_id) where status = 'ok'"
        ).fetchall()
    vectors: dict[str, list[list[float]]] = {}
    for item_id, vector in drawn:
        vectors.setdefault(item_id, []).append(vector)
    with duckdb.connect(str(published.published_database), read_only=True) as con:
        found = con.execute(
            "select source_item_id, n_samples, variance from figures.fig_embedding_variance join marts.dim_item "
            "using (task, item_id)"
        ).fetchall()
    assert len(found) == len(vectors) == 6
    for item_id, n_samples, variance in found:
        here = np.array(vectors[item_id], dtype=np.float64)
        assert n_samples == len(here) == 4
        assert variance == pytest.approx(((here - here.mean(axis=0)) ** 2).sum(axis=1).mean(), rel=1e-9)
