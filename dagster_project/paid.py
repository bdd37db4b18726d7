"""What may cost money is started by asking for it alone: "Materialize all" must not."""

from __future__ import annotations

from collections.abc import Collection

import dagster as dg


def asked_with_others(context: dg.AssetExecutionContext, paid: Collection[dg.AssetKey]) -> set[dg.AssetKey]:
    """What else was asked for, in the run or in the backfill that it belongs to, beside assets that cost money.

    Args:
        context: of the run.
        paid: the assets that cost money.
    """
    asked = set(context.run.asset_selection or context.selected_asset_keys)
    if backfill_id := context.run.tags.get("dagster/backfill"):
        backfill = context.instance.get_backfill(backfill_id)
        asked |= set(backfill.asset_selection or ()) if backfill else set()
    return asked - set(paid)


def refuse_unasked(context: dg.AssetExecutionContext, paid: Collection[dg.AssetKey]) -> None:
    """Fail, before anything is spent, unless the run was asked for assets that cost money alone.

    Raises:
        dagster.Failure: otherwise; it says how to ask.
    """
    if others := asked_with_others(context, paid):
        examples = ", ".join(sorted(key.to_user_string() for key in others)[:3])
        raise dg.Failure(
            f"this may cost money, so it is not started together with other assets ({len(others)} were asked for with "
            f"it: {examples} …). Materialize it, or its partitions, by itself; everything free is the job "
            "`everything_free`",
            allow_retries=False,
        )
