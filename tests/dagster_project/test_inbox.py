from __future__ import annotations

import dagster as dg

from dagster_project.jobs import inbox, inbox_fingerprint
from dagster_project.main_job import DEMO_LOGS, offer_demo_logs
from dagster_project.resources import Warehouse
from warehouse.layout import Layout


def look(layout: Layout, cursor: str | None) -> tuple[dg.SensorResult | dg.SkipReason, str | None]:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance, cursor=cursor, resources={"warehouse": Warehouse(root=str(layout.root))}
        )
        answer = inbox(context)
        assert isinstance(answer, dg.SensorResult | dg.SkipReason)
        changed = answer.cursor if isinstance(answer, dg.SensorResult) else context.cursor
        return answer, changed


def test_a_new_file_is_taken_up_once_it_has_settled(layout: Layout) -> None:
    answer, cursor = look(layout, None)
    assert isinstance(answer, dg.SkipReason)

    layout.inbox.mkdir(parents=True)
    log = layout.inbox / "one.eval"
    log.write_bytes(b"half")
    answer, cursor = look(layout, cursor)
    assert isinstance(answer, dg.SkipReason), "it may still be written to"
    log.write_bytes(b"half and half")
    answer, cursor = look(layout, cursor)
    assert isinstance(answer, dg.SkipReason), "it has grown since"

    answer, cursor = look(layout, cursor)
    assert isinstance(answer, dg.SensorResult)
    assert [request.run_key for request in answer.run_requests or []] == [inbox_fingerprint(layout)]
    answer, cursor = look(layout, cursor)
    assert isinstance(answer, dg.SkipReason), "asked for already"

    (layout.inbox / "two.eval").write_bytes(b"more")
    _, cursor = look(layout, cursor)
    answer, _ = look(layout, cursor)
    assert isinstance(answer, dg.SensorResult)


def test_demo_logs_are_offered_to_an_empty_warehouse_only(layout: Layout) -> None:
    assert offer_demo_logs(layout)
    assert {path.name for path in layout.inbox.iterdir()} == {path.name for path in DEMO_LOGS.glob("*.eval")} != set()
    assert not offer_demo_logs(layout)


def test_demo_logs_keep_out_of_an_inbox_in_use(layout: Layout) -> None:
    layout.inbox.mkdir(parents=True)
    (layout.inbox / "mine.eval").write_bytes(b"")
    assert not offer_demo_logs(layout)
    assert [path.name for path in layout.inbox.iterdir()] == ["mine.eval"]
