"""Benchmarks: this project beside a named peer, in one run, as ratios. `make bench` runs all of them."""
