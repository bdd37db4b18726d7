"""`python -m benchmarks.sampling_kills [KILLS]`: runs that are killed with SIGKILL at random moments, and resumed.

Over real HTTP with the real SDK. In the end every planned sample must be there exactly once, and the server must not
have been asked for more than the plan and what was in flight at each kill.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from ingestion.sampling.journal import Answered, read
from tests.sampling.killing import kill_and_resume, n_kept
from tests.sampling.server import running
from tests.sampling.test_kills import write_spec
from warehouse.layout import Layout

CONCURRENCY = 16


def main(n_kills: int) -> int:
    """Run the campaign; exit status 1 if a sample is lost, doubled or bought twice without need."""
    n_items, n_epochs = 50, 4 * n_kills
    with running(delay_s=0.003) as server, tempfile.TemporaryDirectory() as folder:
        server.keep_requests = False
        path = write_spec(Path(folder), server, concurrency=CONCURRENCY, n_items=n_items, n_epochs=n_epochs)
        layout = Layout(Path(folder, "warehouse"))
        campaign = kill_and_resume(path, layout, server, n_kills=n_kills, longest_s=1.5, seed=2026)
        planned = n_items * n_epochs
        (parquet,) = (layout.raw / "samples").rglob("sampler.parquet")
        table = pq.read_table(parquet)
        keys = set(zip(table["item_id"].to_pylist(), table["epoch"].to_pylist(), strict=True))
        (journal,) = {segment.parent for segment in layout.responses.rglob("*.zst")}
        answers = [(r.item_id, r.epoch) for r in read(journal) if isinstance(r, Answered)]
        print(f"runs killed                     {campaign.n_kills:>8,} of {n_kills:,}")
        print(f"samples planned                 {planned:>8,}")
        print(f"samples in the journal          {n_kept(layout):>8,}, {len(set(answers)):,} different")
        print(f"samples in Parquet              {table.num_rows:>8,}, {len(keys):,} different")
        print(f"requests that the server saw    {server.n_requests:>8,}")
        print(f"in flight at a kill             {sum(campaign.n_lost):>8,}, at most {max(campaign.n_lost):,} at once")
        is_right = len(answers) == len(set(answers)) == table.num_rows == len(keys) == planned
        is_right &= server.n_requests == planned + sum(campaign.n_lost)
        is_right &= max(campaign.n_lost) <= CONCURRENCY
    print("nothing lost, nothing bought twice" if is_right else "WRONG")
    return int(not is_right)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
