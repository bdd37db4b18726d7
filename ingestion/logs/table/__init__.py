"""Any table: JSONL, CSV, Parquet or JSON, with a mapping that says which field is what."""
