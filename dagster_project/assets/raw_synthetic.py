"""Raw layer, second door: the synthetic optimizer, trained and rolled out."""

import dagster as dg

from dagster_project.assets.specs import RAW_GROUP, raw_columns, raw_description
from dagster_project.resources import Warehouse
from dagster_project.run_log import reporter
from synthetic.experiment import train_model, write_problem
from synthetic.profiles import QUICK
from synthetic.rolling import make_rollout, rollouts_of
from warehouse.raw import count_rows

EXPERIMENT = QUICK
"""The synthetic experiment that the graph runs."""

OPTIMIZER_SIZES = dg.StaticPartitionsDefinition([member.name for member in EXPERIMENT.members])
"""One partition per model of the synthetic optimizer, a size with a seed: they train, and are redone, independently."""

ONE_RUN_FOR_ALL_SIZES = dg.BackfillPolicy.single_run()


@dg.asset(
    key=["raw", "synthetic_problems"],
    group_name=RAW_GROUP,
    kinds={"parquet", "python"},
    description=raw_description("synthetic_problems", "Drawn by seed."),
    metadata=raw_columns("synthetic_problems"),
)
def synthetic_problems(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[None]:
    """Draw the quadratic and write it with the experiment's settings."""
    write_problem(EXPERIMENT, warehouse.layout)
    return dg.MaterializeResult(metadata={"dagster/row_count": count_rows(warehouse.layout, "synthetic_problems")})


@dg.asset(
    key=["raw", "synthetic_training"],
    deps=[["raw", "synthetic_problems"]],
    group_name=RAW_GROUP,
    kinds={"parquet", "pytorch"},
    partitions_def=OPTIMIZER_SIZES,
    backfill_policy=ONE_RUN_FOR_ALL_SIZES,
    description=raw_description("synthetic_training", "Measured while a transformer learns the teacher's steps."),
    metadata=raw_columns("synthetic_training"),
)
def synthetic_training(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[None]:
    """Train each model of the run's partitions; one trained before with the same settings is kept."""
    for name in context.partition_keys:
        train_model(EXPERIMENT, name, warehouse.layout, report=reporter(context))
    return dg.MaterializeResult(metadata={"dagster/row_count": count_rows(warehouse.layout, "synthetic_training")})


@dg.asset(
    key=["raw", "synthetic_rollouts"],
    deps=[["raw", "synthetic_training"]],
    group_name=RAW_GROUP,
    kinds={"parquet", "pytorch"},
    partitions_def=OPTIMIZER_SIZES,
    backfill_policy=ONE_RUN_FOR_ALL_SIZES,
    description=raw_description("synthetic_rollouts", "Walked by the trained models, and by the teacher beside them."),
    metadata=raw_columns("synthetic_rollouts"),
)
def synthetic_rollouts(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[None]:
    """Roll out each model of the run's partitions from the same starts as the teacher."""
    for walker in (None, *context.partition_keys):
        for rollout in rollouts_of(EXPERIMENT, walker):
            make_rollout(rollout, EXPERIMENT, warehouse.layout, report=reporter(context))
    return dg.MaterializeResult(metadata={"dagster/row_count": count_rows(warehouse.layout, "synthetic_rollouts")})
