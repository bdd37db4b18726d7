"""How assets are cut."""

from __future__ import annotations

import dagster as dg

from synthetic.profiles import QUICK

EXPERIMENT = QUICK
"""The synthetic experiment that the graph runs."""

OPTIMIZER_SIZES = dg.StaticPartitionsDefinition([member.name for member in EXPERIMENT.members])
"""One partition per model of the synthetic optimizer, a size with a seed: they train, and are redone, independently."""
