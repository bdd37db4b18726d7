"""Sampling: raw completions from APIs, from servers of one's own, and from models in this process.

The door, for notebooks, the command line and orchestration:

    spec = load_spec(Path("experiment.yaml"))
    print("\\n".join(plan(spec, layout).lines()))
    summary = sample(spec, layout, report=print)

Nothing here knows of orchestration. A response is first in a journal (`journal`), and Parquet follows from that
(`journal.to_parquet`).
"""

from ingestion.sampling.drawing.run import SamplingError, sample
from ingestion.sampling.drawing.summary import PartitionSummary, SampleSummary
from ingestion.sampling.embeddings import EmbeddingError, EmbeddingSummary, embed_answers
from ingestion.sampling.experiments import (
    Drawn,
    Experiments,
    embed_experiments,
    experiment_notices,
    load_experiments,
    sample_partitions,
)
from ingestion.sampling.journal.records import JournalError
from ingestion.sampling.journal.to_parquet import derive_all
from ingestion.sampling.plans.estimate import PartitionPlan
from ingestion.sampling.plans.partitions import PartitionKey, partition_keys
from ingestion.sampling.plans.plan import Plan, plan
from ingestion.sampling.providers.base import MissingKeyError
from ingestion.sampling.questions.items import TaskError
from ingestion.sampling.spec.experiment import ExperimentSpec
from ingestion.sampling.spec.file import SpecError, json_schema, load_spec, parse_spec
from ingestion.sampling.spec_run import SpecRun, run_spec

__all__ = [
    "Drawn",
    "EmbeddingError",
    "EmbeddingSummary",
    "ExperimentSpec",
    "Experiments",
    "JournalError",
    "MissingKeyError",
    "PartitionKey",
    "PartitionPlan",
    "PartitionSummary",
    "Plan",
    "SampleSummary",
    "SamplingError",
    "SpecError",
    "SpecRun",
    "TaskError",
    "derive_all",
    "embed_answers",
    "embed_experiments",
    "experiment_notices",
    "json_schema",
    "load_experiments",
    "load_spec",
    "parse_spec",
    "partition_keys",
    "plan",
    "run_spec",
    "sample",
    "sample_partitions",
]
