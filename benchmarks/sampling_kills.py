"""`python -m benchmarks.sampling_kills [KILLS]`: runs that are killed with SIGKILL at random moments, and resumed.

Over real HTTP with the real SDKs: chat, responses and messages, in one piece and streamed, both batch APIs and
embeddings, side by side in each run.
In the end every planned sample must be there exactly once, and the server must not have been asked for more than the
plan and what was in flight at each kill. The outcome is kept in `benchmarks/results/sampling_kills.json`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from tests.sampling.killing import LIVE, kill_and_resume, write_spec
from tests.sampling.server import running
from warehouse.layout import Layout

RESULT = Path(__file__).parent / "results" / "sampling_kills.json"
CONCURRENCY = 8


def main(n_kills: int) -> int:
    """Run the campaign; exit status 1 if a sample is lost, doubled or bought twice without need."""
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        os.environ[variable] = "no-real-key"
    with running(delay_s=0.03) as server, tempfile.TemporaryDirectory() as folder:
        server.keep_requests = False
        path = write_spec(Path(folder), server, concurrency=CONCURRENCY, n_items=20, n_epochs=2 * n_kills)
        campaign = kill_and_resume(
            path, Layout(Path(folder, "warehouse")), server, n_kills=n_kills, longest_s=0.3, seed=2026
        )
    vectors, embedded = campaign.n_embeddings
    lost = [sum(lost.values()) for lost in campaign.lost]
    result = {
        "runs_killed": campaign.n_kills,
        "samples_planned": campaign.n_planned,
        "kills_that_hit_requests_in_flight": sum(n > 0 for n in lost),
        "requests_in_flight_at_kills": {model: campaign.n_lost(model) for model in LIVE},
        "answers_streamed": server.n_streamed,
        "most_in_flight_at_a_kill": max(lost),
        "answers_bought_in_batches": {
            model: n for model, n in sorted(server.answered_by_model.items()) if model not in LIVE
        },
        "answers_embedded": vectors,
        "texts_that_the_server_embedded": embedded,
        "problems": campaign.problems,
    }
    print(json.dumps(result, indent=2))
    if not campaign.problems:
        RESULT.write_text(json.dumps(result, indent=2) + "\n")
    return int(bool(campaign.problems))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
