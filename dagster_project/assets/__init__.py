"""Assets by layer: raw (logs, synthetic optimizer), dbt (staging to figures), published (file, charts, report)."""
