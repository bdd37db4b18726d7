"""lm-evaluation-harness: samples files, the run beside them, and its filters."""
