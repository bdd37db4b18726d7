from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import yaml

from tests.sampling.killing import kill_and_resume, n_kept
from tests.sampling.server import Server, running
from warehouse.layout import Layout

CONCURRENCY = 8
N_ITEMS, N_EPOCHS = 12, 60


def write_spec(folder: Path, server: Server, *, concurrency: int, n_items: int, n_epochs: int) -> Path:
    rows = [{"id": n, "question": f"{n}?", "choices": ["a", "b", "c", "d"], "target": "A"} for n in range(n_items)]
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    spec = {
        "name": "kills",
        "tasks": [{"kind": "own", "name": "t", "path": "items.jsonl"}],
        "models": [{"id": "m", "provider": "here"}],
        "providers": {
            "here": {"kind": "openai_compatible", "base_url": f"{server.url}/v1", "concurrency": concurrency}
        },
        "conditions": [{"prompt_format": "choice"}],
        "epochs": n_epochs,
    }
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(spec))
    return path


def test_a_dozen_kills_lose_nothing_and_buy_nothing_twice(tmp_path: Path) -> None:
    with running(delay_s=0.004) as server:
        spec_path = write_spec(tmp_path, server, concurrency=CONCURRENCY, n_items=N_ITEMS, n_epochs=N_EPOCHS)
        layout = Layout(tmp_path / "warehouse")
        campaign = kill_and_resume(spec_path, layout, server, n_kills=12, longest_s=0.5, seed=1)
        assert campaign.n_kills >= 6  # the others had ended before their turn
        assert all(0 <= lost <= CONCURRENCY for lost in campaign.n_lost)
        planned = N_ITEMS * N_EPOCHS
        assert server.n_requests == planned + sum(campaign.n_lost)
        assert n_kept(layout) == planned
        (path,) = (layout.raw / "samples").rglob("sampler.parquet")
        table = pq.read_table(path)
        keys = set(zip(table["item_id"].to_pylist(), table["epoch"].to_pylist(), strict=True))
        assert table.num_rows == len(keys) == planned
        assert set(table["status"].to_pylist()) == {"ok"}
