from __future__ import annotations

import dagster as dg

from dagster_project.jobs import inbox, inbox_fingerprint
from dagster_project.main_job import FIRST_EXPERIMENT, offer_first_experiment
from dagster_project.resources import Warehouse
from ingestion.sampling import load_spec, plan
from synthetic.reasoner.family import SIZES
from synthetic.reasoner.generate import LocalReasoner
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


def test_the_first_experiment_is_offered_to_an_empty_warehouse_only(layout: Layout) -> None:
    assert offer_first_experiment(layout)
    assert [path.name for path in layout.experiments.iterdir()] == [FIRST_EXPERIMENT.name]
    assert not offer_first_experiment(layout)


def test_the_first_experiment_keeps_out_of_a_warehouse_in_use(layout: Layout) -> None:
    layout.inbox.mkdir(parents=True)
    (layout.inbox / "mine.eval").write_bytes(b"")
    assert not offer_first_experiment(layout)
    assert not any(layout.experiments.iterdir())


def test_the_first_experiment_says_how_large_the_reasoners_are(layout: Layout) -> None:
    spec = load_spec(FIRST_EXPERIMENT)
    told = {model.id: model.param_count for model in spec.models}
    assert told == {size.name: LocalReasoner.load(size.name).param_count for size in SIZES}
    partitions = plan(spec, layout).partitions
    assert len(partitions) == 2 * len(SIZES) >= 8
    assert {part.n_planned for part in partitions} == {160 * 30}
