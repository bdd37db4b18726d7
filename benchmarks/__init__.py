"""Benchmarks: this project beside a named peer, in one run, as ratios. `make bench` runs all of them."""

# First of all: it tells torch's threads how to wait, and torch asks once, when it is loaded.
import synthetic  # noqa: F401
