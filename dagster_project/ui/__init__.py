"""The Dagster UI for one warehouse: its processes, and the guard in front of its server."""
