"""The raw contract: the Arrow schema of every raw table. This module is its only definition.

The dbt source file (`dbt/models/staging/_sources.yml`) is held against it by a test, and every
Parquet file in the raw layer is written through it (`warehouse.parquet`).

Conventions: units are in names (`latency_s`, `cost_usd`, `*_tokens`), keys end in `_id`, timestamps are
UTC microseconds, a value that the source does not report is NULL and never an estimate.

The contract has a version, and every file says by which it was written; version 1 (release 0.1.0) wrote none. A
file of an older version stays valid: the columns that came later are NULL there. So a column that is added takes
`since` and may be NULL, and no column is ever renamed, retyped or taken away: what was paid for must not become
unreadable.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

CONTRACT_VERSION = 5
"""Version of the contract that files are written by; raised by the first column or table that is added after a release.

Table `grades` came with 5.
"""

TIMESTAMP = pa.timestamp("us", tz="UTC")

SAMPLE_STATUSES = ("ok", "format_failure", "limit", "refused", "error")
"""What became of a sample. `ok`, `format_failure` and `limit` enter a decomposition; the others are counted only."""

RUN_STATUSES = ("success", "cancelled", "error", "crashed", "started")
"""What became of the run that a sample comes from. `crashed`: the log has no ending of its own."""


@dataclass(frozen=True)
class RawTable:
    """One table of the raw layer.

    Attributes:
        name: folder under `raw/`, and the table's name in dbt's `raw` source.
        grain: what one row is, in words.
        schema: columns, types, nullability, and a description in each field's metadata.
        sort_by: columns that the rows of a file are sorted by.
        partition_by: columns whose values make the folder of a file.
    """

    name: str
    grain: str
    schema: pa.Schema
    sort_by: tuple[str, ...]
    partition_by: tuple[str, ...] = ()

    def why_off_contract(self, found: pa.Schema) -> str | None:
        """What is wrong with a file of this schema; None if it meets the contract of the version that it names."""
        version = int((found.metadata or {}).get(_VERSION_KEY, 1))
        if version > CONTRACT_VERSION:
            return (
                f"written by a newer version of this program (contract {version}, here {CONTRACT_VERSION}): update it"
            )
        expected = [field for field in self.schema if _since(field) <= version]
        if missing := {field.name for field in expected} - set(found.names):
            return f"column {min(missing)!r} is missing"
        if unknown := set(found.names) - set(self.schema.names):
            return f"unknown column {min(unknown)!r}"
        for field in found:
            if not field.equals(self.schema.field(field.name)):
                return f"column {field.name!r} is {_told(field)} instead of {_told(self.schema.field(field.name))}"
        return None


_VERSION_KEY = b"contract_version"


def _since(field: pa.Field) -> int:
    return int(field.metadata[b"since"])


def _told(field: pa.Field) -> str:
    return f"{field.type}{'' if field.nullable else ' not null'}"


def _schema(fields: list[pa.Field]) -> pa.Schema:
    return pa.schema(fields, metadata={_VERSION_KEY: str(CONTRACT_VERSION)})


def _column(name: str, type_: pa.DataType, description: str, *, required: bool = False, since: int = 1) -> pa.Field:
    """A column. One that came after version 1 cannot be required: older files do not have it."""
    if required and since > 1:
        raise ValueError(f"{name}: a column since version {since} of the contract is NULL in older files")
    metadata = {"description": description, "since": str(since)}
    return pa.field(name, type_, nullable=not required, metadata=metadata)


def _key(name: str, description: str) -> pa.Field:
    return _column(name, pa.string(), description, required=True)


_SOURCE = (
    _column(
        "source",
        pa.string(),
        "Which door the row came through: sampler, inspect, lm_eval, swe_bench or table",
        required=True,
    ),
    _column(
        "import_id", pa.string(), "The imported file that the row was read from (raw.imports); NULL for the sampler"
    ),
)
_INGESTED = _column("ingested_at", TIMESTAMP, "When the row was written to the raw layer", required=True)

ITEMS = RawTable(
    name="items",
    grain="one item of a task, with one answer key",
    schema=_schema(
        [
            _key("task", "Task (benchmark) that the item belongs to"),
            _key("item_id", "The item's id in its source"),
            _key(
                "answer_key_id",
                "Hash of choices and target: two logs that use one item_id for different questions stay apart",
            ),
            _column("subset", pa.string(), "Split or set of the task"),
            _column("subject", pa.string(), "Subject or category"),
            _column("human_difficulty", pa.string(), "Difficulty label given by people"),
            _column("question", pa.string(), "The question as asked, without few-shot context"),
            _column("choices", pa.list_(pa.string()), "Answer options in order; NULL for open-ended items"),
            _column("target_index", pa.int32(), "0-based index of the right choice; NULL where there is no choice"),
            _column("target_text", pa.string(), "The right answer as text"),
            _column("n_choices", pa.int32(), "Number of choices C; NULL for open-ended items"),
            *_SOURCE,
            _INGESTED,
        ]
    ),
    sort_by=("task", "item_id", "answer_key_id"),
    partition_by=("task",),
)

SAMPLES = RawTable(
    name="samples",
    grain="one sample: one draw of a model on an item",
    schema=_schema(
        [
            _key("sample_id", "Hash of the sample key including the epoch, and of the sample's own id in its source"),
            _key("task", "Task (benchmark)"),
            _key("model_id", "Requested model, as its source names it"),
            _key("condition_id", "What was held fixed while repeating (raw.conditions)"),
            _key("item_id", "The item's id in its source"),
            _key("answer_key_id", "Which answer key of the item the sample was drawn with (raw.items)"),
            _key("context_id", "Which few-shot examples were shown; 'none' without any"),
            _column("epoch", pa.int32(), "Repeat index of the item within its run, from 1", required=True),
            *_SOURCE,
            _column("source_ref", pa.string(), "The sample's own id in its source (for Inspect: the sample uuid)"),
            _column("run_id", pa.string(), "The run that drew the sample (for Inspect: the eval_id)"),
            _column("run_status", pa.string(), "How that run ended: " + ", ".join(RUN_STATUSES), required=True),
            _column("status", pa.string(), "What became of the sample: " + ", ".join(SAMPLE_STATUSES), required=True),
            _column("choice_index", pa.int32(), "0-based index of the chosen option; NULL if none was chosen"),
            _column(
                "class_probs",
                pa.list_(pa.float64()),
                "Stated probability of each option, exactly as stated (not normalised); NULL unless stated",
            ),
            _column("score", pa.float64(), "Graded outcome in [0, 1]; NULL if there is none"),
            _column("completion", pa.string(), "The completion's text, without reasoning"),
            _column("reasoning", pa.string(), "The reasoning text, where the provider returns it"),
            _column("answer", pa.string(), "The answer as parsed, before it is mapped to a choice"),
            _column("input_tokens", pa.int64(), "Tokens read, as reported, cached ones included"),
            _column("output_tokens", pa.int64(), "Tokens written, as reported, reasoning tokens included"),
            _column("reasoning_tokens", pa.int64(), "Reasoning tokens, as reported; NULL when not reported"),
            _column("n_actions", pa.int32(), "Actions of an agent: assistant turns; NULL for a single answer"),
            _column("latency_s", pa.float64(), "Seconds from request to complete answer"),
            _column("cost_usd", pa.float64(), "Cost in US dollars, where known"),
            _column("served_model", pa.string(), "Model named in the provider's response"),
            _column(
                "system_fingerprint",
                pa.string(),
                "Configuration of the provider's backend, as its response names it; NULL where it names none",
                since=4,
            ),
            _column("temperature", pa.float64(), "Sampling temperature"),
            _column("seed", pa.int64(), "Seed sent with the request"),
            _column("finish_reason", pa.string(), "Why the model stopped, as reported"),
            _column("error", pa.string(), "Error message of a failed or limited sample"),
            _column("created_at", TIMESTAMP, "When the sample was drawn, as its source says"),
            _INGESTED,
        ]
    ),
    sort_by=("task", "model_id", "condition_id", "item_id", "context_id", "epoch", "sample_id"),
    partition_by=("task", "model_id", "condition_id"),
)

CONDITIONS = RawTable(
    name="conditions",
    grain="one condition: everything but the model that is held fixed while repeating",
    schema=_schema(
        [
            _key("condition_id", "Prompt format and a hash of all settings"),
            _key("condition_label", "The settings in words, for people; never joined on"),
            _column("prompt_format", pa.string(), "choice, probability or open_ended", required=True),
            _column("reasoning_budget", pa.string(), "Reasoning effort or thinking-token budget; NULL when not set"),
            _column("n_shots", pa.int32(), "Few-shot examples in the prompt; NULL when unknown"),
            _column("temperature", pa.float64(), "Sampling temperature; NULL is the provider's default"),
            _column("top_p", pa.float64(), "Nucleus sampling threshold"),
            _column("top_k", pa.int32(), "Top-k sampling cut-off"),
            _column("max_tokens", pa.int64(), "Limit on output tokens"),
            _column("settings", pa.string(), "All settings that make the condition, as canonical JSON", required=True),
            *_SOURCE,
            _INGESTED,
        ]
    ),
    sort_by=("condition_id",),
)

MODELS = RawTable(
    name="models",
    grain="one model, as one source names it",
    schema=_schema(
        [
            _key("model_id", "Requested model, as its source names it"),
            _column("provider", pa.string(), "Who serves it"),
            _column("model_family", pa.string(), "Family of models that differ in scale alone"),
            _column("param_count", pa.int64(), "Number of parameters, where known"),
            _column("model_type", pa.string(), "base, instruct, thinking or optimizer"),
            _column("is_simulated", pa.bool_(), "True where answers come from a stand-in, not a model", required=True),
            *_SOURCE,
            _INGESTED,
        ]
    ),
    sort_by=("model_id",),
)

IMPORTS = RawTable(
    name="imports",
    grain="one imported file; written last, so a file without this row was not imported",
    schema=_schema(
        [
            _key("import_id", "First 16 hexadecimal digits of the file's SHA-256"),
            _key("file_name", "Name of the file when it was imported"),
            _key("file_sha256", "SHA-256 of the file's bytes"),
            _column("file_bytes", pa.int64(), "Size of the file", required=True),
            _column("source", pa.string(), "Kind of log: inspect, lm_eval, swe_bench or table", required=True),
            _column(
                "reader_version", pa.int32(), "Version of the reader; a newer one reads a file again", required=True
            ),
            _column("run_id", pa.string(), "The run that the log is of"),
            _column("run_status", pa.string(), "How that run ended: " + ", ".join(RUN_STATUSES), required=True),
            _column("task", pa.string(), "Task of the log"),
            _column("model_id", pa.string(), "Requested model of the log"),
            _column("n_samples", pa.int64(), "Samples read", required=True),
            _column("n_quarantined", pa.int64(), "Rows that could not be read, kept in quarantine", required=True),
            _column("n_unscored", pa.int64(), "Samples that nothing in the file judges; NULL if not counted", since=2),
            _column(
                "is_judged",
                pa.bool_(),
                "Whether it judges open answers; where not, a missing one is not wrong. NULL counts as true",
                since=3,
            ),
            _column("notices", pa.string(), "What the import said about the file, one notice a line", since=2),
            _column("tool_version", pa.string(), "Version of the tool that wrote the log"),
            _column(
                "import_number",
                pa.int64(),
                "Imports of this warehouse, counted: of two copies of a sample the one with the higher number counts",
                since=2,
            ),
            _INGESTED,
        ]
    ),
    sort_by=("import_id",),
)

QUARANTINE = RawTable(
    name="quarantine",
    grain="one row, or one whole file, that could not be read",
    schema=_schema(
        [
            _key("import_id", "First 16 hexadecimal digits of the file's SHA-256"),
            _key("file_name", "Name of the file when it was imported"),
            _key("place", "Where in the file: a member, a line, a field; 'file' for the whole file"),
            _key("reason", "Why it could not be read, and what to do"),
            _column("excerpt", pa.string(), "The first characters of what could not be read"),
            _INGESTED,
        ]
    ),
    sort_by=("import_id", "place"),
)

TEST_OUTCOMES = RawTable(
    name="test_outcomes",
    grain="one unit test of one sample",
    schema=_schema(
        [
            _key("sample_id", "Sample (raw.samples)"),
            _key("task", "Task (benchmark)"),
            _key("test_name", "Name of the unit test"),
            _column("kind", pa.string(), "fail_to_pass, pass_to_pass or other", required=True),
            _column("passed", pa.bool_(), "Whether the test passed", required=True),
            _column("import_id", pa.string(), "The imported file that the row was read from"),
            _INGESTED,
        ]
    ),
    sort_by=("sample_id", "test_name"),
    partition_by=("task",),
)

GRADES = RawTable(
    name="grades",
    grain="one grade: sample × grader × repeat of the grader",
    schema=_schema(
        [
            _key("sample_id", "Sample (raw.samples)"),
            _key("task", "Task (benchmark)"),
            _key(
                "grader",
                "Who graded: an Inspect scorer (scorer:value where it gives several), or what a table's mapping says",
            ),
            _column("grade_repeat", pa.int32(), "Repeat of this grader on this sample, from 1", required=True),
            _column("grade", pa.float64(), "Graded outcome in [0, 1]; NULL where what was written is none"),
            _column("written", pa.string(), "What the grader wrote"),
            _column("import_id", pa.string(), "The imported file that the row was read from"),
            _INGESTED,
        ]
    ),
    sort_by=("sample_id", "grader", "grade_repeat"),
    partition_by=("task",),
)

EMBEDDINGS = RawTable(
    name="embeddings",
    grain="one sample × embedding model",
    schema=_schema(
        [
            _key("sample_id", "Sample (raw.samples)"),
            _key("embedding_model", "Model that made the vector"),
            _column("vector", pa.list_(pa.float32()), "Embedding of the completion", required=True),
            _INGESTED,
        ]
    ),
    sort_by=("embedding_model", "sample_id"),
    partition_by=("embedding_model",),
)

SYNTHETIC_PROBLEMS = RawTable(
    name="synthetic_problems",
    grain="one quadratic problem f(x) = ½ (x − b)ᵀ A (x − b) with its experiment's settings",
    schema=_schema(
        [
            _key("problem_id", "Hash of everything that defines the experiment"),
            _key("profile", "Name of the profile, for people; never joined on"),
            _column("dimension", pa.int32(), "d, the length of x", required=True),
            _column("a_matrix", pa.list_(pa.float64()), "A, row by row: d × d values", required=True),
            _column("minimum", pa.list_(pa.float64()), "b = x*, the minimum: d values", required=True),
            _column("condition_number", pa.float64(), "Largest over smallest eigenvalue of A", required=True),
            _column("step_norm", pa.float64(), "Length of each step of the teacher", required=True),
            _column(
                "uniform_loss",
                pa.float64(),
                "Validation loss in nats of a guess uniform over legal tokens",
                required=True,
            ),
            _column("config", pa.string(), "The frozen configuration as canonical JSON", required=True),
            _INGESTED,
        ]
    ),
    sort_by=("problem_id",),
    partition_by=("problem_id",),
)

SYNTHETIC_TRAINING = RawTable(
    name="synthetic_training",
    grain="one measurement of the loss of one model at one training step",
    schema=_schema(
        [
            _key("problem_id", "Problem (raw.synthetic_problems)"),
            _key("model_id", "Model, named by its parameter count and its seed"),
            _column("param_count", pa.int64(), "Number of parameters", required=True),
            _column("split", pa.string(), "train or validation", required=True),
            _column("step", pa.int64(), "Optimizer step, from 0", required=True),
            _column("loss", pa.float64(), "Cross-entropy in nats per predicted token", required=True),
            _column("learning_rate", pa.float64(), "Learning rate at the step"),
            _column("n_tokens", pa.int64(), "Tokens trained on so far", required=True),
            _column("seed", pa.int64(), "Of initial weights and data order; NULL where there is one", since=3),
            _INGESTED,
        ]
    ),
    sort_by=("model_id", "split", "step"),
    partition_by=("problem_id", "model_id"),
)

SYNTHETIC_ROLLOUTS = RawTable(
    name="synthetic_rollouts",
    grain="one point of one rollout: model × starts × temperature × starting point × replicate × step",
    schema=_schema(
        [
            _key("problem_id", "Problem (raw.synthetic_problems)"),
            _key("model_id", "Model, named by its parameter count and its seed, or the teacher"),
            _column("is_teacher", pa.bool_(), "True for steepest descent itself, from the same starts", required=True),
            _key("starts", "Name of the distribution of starting points; standard in every experiment"),
            _column("start_scale", pa.float64(), "Standard deviation of an anchor's coordinates", required=True),
            _column("jitter", pa.float64(), "Standard deviation of a replicate around its anchor", required=True),
            _column("temperature", pa.float64(), "Sampling temperature; 0 is greedy", required=True),
            _column("start_id", pa.int32(), "Anchor starting point, from 0", required=True),
            _column("replicate", pa.int32(), "Jittered copy of the anchor, from 0", required=True),
            _column("step", pa.int32(), "Step of the rollout; 0 is the start", required=True),
            _column("x", pa.list_(pa.float64()), "The point: d values", required=True),
            _INGESTED,
        ]
    ),
    sort_by=("model_id", "step", "start_id", "replicate"),
    partition_by=("problem_id", "model_id", "starts"),
)

SURVEY_RANKINGS = RawTable(
    name="survey_rankings",
    grain="one rater's rank of one entity on one attribute",
    schema=_schema(
        [
            _key("rater_id", "Rater"),
            _key("entity", "What was ranked"),
            _key("entity_group", "AI models, organisms and humans, or organisations"),
            _key("attribute", "intelligence or incoherence"),
            _column("rank", pa.float64(), "Rank, 1 is the least", required=True),
            _column("import_id", pa.string(), "The imported file that the row was read from (raw.imports)", since=2),
            _INGESTED,
        ]
    ),
    sort_by=("attribute", "entity", "rater_id"),
)

RAW_TABLES: dict[str, RawTable] = {
    table.name: table
    for table in (
        ITEMS,
        SAMPLES,
        CONDITIONS,
        MODELS,
        IMPORTS,
        QUARANTINE,
        TEST_OUTCOMES,
        GRADES,
        EMBEDDINGS,
        SYNTHETIC_PROBLEMS,
        SYNTHETIC_TRAINING,
        SYNTHETIC_ROLLOUTS,
        SURVEY_RANKINGS,
    )
}
"""Every raw table by name."""
