"""The journal of a partition: what was answered, written down before it counts, and the raw Parquet made of it."""
