"""Assets by layer: raw (logs, synthetic optimizer), dbt (staging to figures), published (file, charts, report)."""

import warnings

# Said at every start otherwise, and of no use to a reader of the terminal.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy`")
