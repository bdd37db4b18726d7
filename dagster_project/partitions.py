"""How assets are cut."""

from __future__ import annotations

import dagster as dg

from synthetic.profiles import QUICK

EXPERIMENT = QUICK
"""The synthetic experiment that the graph runs."""

OPTIMIZER_SIZES = dg.StaticPartitionsDefinition([size.name for size in EXPERIMENT.sizes])
"""One partition per size of the synthetic optimizer: sizes train, and are redone, independently."""
