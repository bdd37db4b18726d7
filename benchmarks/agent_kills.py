"""`python -m benchmarks.agent_kills [KILLS]`: eval sets of agents that are killed with SIGKILL at random moments.

20 items × 5 epochs of an agent with a tool, in the local sandbox, with the mock model. All processes are killed at
once, after a number of samples that chance decides, and sampling is started again. In the end each of the 100 samples
must be in the warehouse once, and nothing that was in a log at a kill may have been run again. The outcome is kept in
`benchmarks/results/agent_kills.json`.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from ingestion.sampling import load_spec, sample
from tests.sampling.agents import imported, in_logs, ledger, sample_until, write_agent
from warehouse.layout import Layout

RESULT = Path(__file__).parent / "results" / "agent_kills.json"
N_ITEMS, N_EPOCHS = 20, 5


def main(n_kills: int) -> int:
    """Run the campaign; exit status 1 if a sample is lost, counted twice, or was run again although it had ended."""
    chance = random.Random(2026)
    at = sorted(chance.sample(range(2, N_ITEMS * N_EPOCHS - 5), n_kills))
    kills: list[dict[str, int]] = []
    with tempfile.TemporaryDirectory() as name:
        folder, warehouse = Path(name), Layout(Path(name, "warehouse"))
        spec = write_agent(folder, n_items=N_ITEMS, n_epochs=N_EPOCHS)
        ended: list[tuple[int, set[tuple[str, int]]]] = []
        for n_scored in at:
            if sample_until(spec, warehouse, n_scored, patience_s=600):
                ended.append((len(ledger(folder)), in_logs(warehouse)))
                kills.append({"scored": len(ledger(folder)), "in_logs": len(ended[-1][1])})
        summary = sample(load_spec(spec), warehouse)
        scored = [(item, epoch) for item, epoch, _ in ledger(folder)]
        again = sum(len(had & set(scored[since:])) for since, had in ended)
        there = imported(warehouse)
    wanted = Counter({(f"item [{n}]", epoch): 1 for n in range(N_ITEMS) for epoch in range(1, N_EPOCHS + 1)})
    result = {
        "samples_planned": N_ITEMS * N_EPOCHS,
        "kills": kills,
        "samples_in_the_warehouse": len(there),
        "more_than_once": sum(n > 1 for n in there.values()),
        "run_again_although_in_a_log": again,
        "scored_more_than_once": len(scored) - len(set(scored)),
        "missing_by_the_sampler": summary.n_missing,
    }
    print(json.dumps(result, indent=2))
    is_well = there == wanted and not again and not summary.n_missing and len(kills) == n_kills
    if is_well:
        RESULT.write_text(json.dumps(result, indent=2) + "\n")
    return int(not is_well)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
