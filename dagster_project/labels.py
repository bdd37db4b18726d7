"""What the UI says of every asset beside its description: owner, what it may cost, until when it is fresh."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import dagster as dg

OWNERS = {
    "raw": "team:collection",
    "staging": "team:analytics",
    "intermediate": "team:analytics",
    "marts": "team:analytics",
    "figures": "team:reporting",
    "published": "team:reporting",
}
"""By layer, for the UI's filter for owners: rename them to your teams or addresses."""

FRESH = dg.FreshnessPolicy.time_window(warn_window=timedelta(days=7), fail_window=timedelta(days=31))
"""Of what people read: a week without a refresh is worth a look, a month says that nobody keeps it up."""


def labelled(spec: dg.AssetSpec, may_cost: Collection[dg.AssetKey]) -> dg.AssetSpec:
    """The asset with its owner, its tags and, if it is published, its freshness policy.

    Args:
        spec: the asset.
        may_cost: assets that may cost money.
    """
    tags = {"cost": "may_cost" if spec.key in may_cost else "free"}
    if spec.group_name == "raw" and spec.key.path[-1].startswith("synthetic_"):
        tags["data"] = "simulated"
    return spec.replace_attributes(
        owners=[OWNERS[spec.group_name or ""]],
        tags={**spec.tags, **tags},
        freshness_policy=FRESH if spec.group_name == "published" else None,
    )
