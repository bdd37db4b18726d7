"""The project's own reasoner as a provider: from a spec to the raw layer, without a key and without a network."""

from __future__ import annotations

from pathlib import Path

from ingestion.sampling import parse_spec, plan, sample
from synthetic.reasoner import task as chain
from synthetic.reasoner.family import SIZES
from tests.sampling.test_sampling import rows
from warehouse.layout import Layout


def test_the_reasoner_answers_its_own_task(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "warehouse")
    spec = parse_spec(
        {
            "name": "local",
            "tasks": [{"kind": "chain_arithmetic", "n_items": 16}],
            "models": [{"id": SIZES[0].name, "provider": "local", "family": "reasoner"}],
            "conditions": [{"reasoning": ["low", "high"], "shots": 2, "max_tokens": 24, "temperature": 1.0}],
            "contexts": 2,
            "epochs": 2,
        },
        tmp_path / "spec.yaml",
    )
    assert plan(spec, layout).n_missing == 2 * 16 * 2 * 2
    summary = sample(spec, layout)
    assert (summary.n_drawn, summary.n_missing, summary.cost_usd) == (128, 0, 0.0)
    told = rows(
        layout,
        "select count(*), count(distinct context_id), max(output_tokens) <= 24, count(reasoning_tokens) = count(*), "
        "count(distinct seed), min(served_model) from raw.samples",
    )
    assert told == [(128, 2, True, True, 64, SIZES[0].name)]
    items = {item.item_id: item for item in chain.items(16, 0)}
    for item_id, question, target, difficulty in rows(
        layout, "select item_id, question, target_index, human_difficulty from raw.items"
    ):
        assert (question, target) == (items[item_id].question, items[item_id].target_index)
        assert difficulty == str(items[item_id].n_operations)
    again = sample(spec, Layout(tmp_path / "other"))
    assert again.n_drawn == 128
    completions = "select item_id, context_id, epoch, condition_id, completion, reasoning from raw.samples order by all"
    assert rows(layout, completions) == rows(Layout(tmp_path / "other"), completions)
