"""Agents, and whatever else is an Inspect task: partitions that Inspect runs, in a process of its own.

`inspect_side` is the only module that imports inspect-ai, and it runs in the interpreter that has it. Its logs lie in
the partition's folder under `inspect_logs/`, a folder for each round, and go in by the importer (`ingestion.logs`).
"""
