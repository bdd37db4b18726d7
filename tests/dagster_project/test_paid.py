"""What costs money is started by asking for it, never with everything else."""

import dagster as dg
import pytest

from dagster_project.assets.raw_sampling import MAY_COST
from dagster_project.paid import refuse_unasked

SPENT: list[str] = []


@dg.asset(key=["raw", "responses_openai"])
def paid(context: dg.AssetExecutionContext) -> None:
    refuse_unasked(context, MAY_COST)
    SPENT.append("money")


@dg.asset(key=["raw", "responses_anthropic"])
def other_paid(context: dg.AssetExecutionContext) -> None:
    refuse_unasked(context, MAY_COST)
    SPENT.append("money")


@dg.asset
def free() -> None: ...


def start(*keys: dg.AssetKey, backfill: str | None = None, instance: dg.DagsterInstance | None = None) -> bool:
    """Materialize as the UI does: a run of the implicit job, for a selection."""
    SPENT.clear()
    tags = {"dagster/backfill": backfill} if backfill else {}
    job = dg.Definitions(assets=[paid, other_paid, free]).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        asset_selection=list(keys), raise_on_error=False, tags=tags, instance=instance
    ).success


def test_alone_or_with_its_like_it_runs() -> None:
    assert start(paid.key) and SPENT == ["money"]
    assert start(paid.key, other_paid.key) and SPENT == ["money"] * 2


def test_with_everything_it_spends_nothing() -> None:
    assert not start(paid.key, free.key) and SPENT == []


def test_in_a_backfill_of_everything_it_spends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Backfill:
        asset_selection = (paid.key, free.key)

    with dg.DagsterInstance.ephemeral() as instance:
        monkeypatch.setattr(instance, "get_backfill", {"one": Backfill(), "gone": None}.get)
        assert not start(paid.key, backfill="one", instance=instance) and SPENT == []
        assert start(paid.key, backfill="gone", instance=instance)
