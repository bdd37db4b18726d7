"""Orchestration: assets, checks, jobs and sensors. Thin; each asset calls one function of the packages beside it."""
