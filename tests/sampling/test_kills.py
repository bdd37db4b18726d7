from __future__ import annotations

from pathlib import Path

from tests.sampling.killing import BATCH, LIVE, kill_and_resume, write_spec
from tests.sampling.server import running
from warehouse.layout import Layout


def test_a_dozen_kills_lose_nothing_and_buy_nothing_twice(tmp_path: Path) -> None:
    with running(delay_s=0.01) as server:
        spec_path = write_spec(tmp_path, server, concurrency=4, n_items=8, n_epochs=8)
        layout = Layout(tmp_path / "warehouse")
        campaign = kill_and_resume(spec_path, layout, server, n_kills=12, longest_s=0.15, seed=3)
    assert campaign.problems == []
    assert campaign.n_kills >= 6  # the others had ended before their turn
    assert campaign.n_planned == 64 * (len(LIVE) + len(BATCH) + 1)
    assert sum(campaign.n_lost(model) for model in LIVE) > 0  # some kills did hit requests in flight
    assert server.n_streamed >= 3 * 64
