"""The run that a samples file of lm-evaluation-harness is of, from the results written beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from ingestion.conditions import integer, number, settings_row
from ingestion.logs.json_text import BAD_JSON, why
from ingestion.logs.lm_eval.files import OutputFiles, files_of, read_results
from ingestion.logs.lm_eval.filters import Filter, default_filter, filters_of
from ingestion.logs.model_arguments import telling_arguments
from ingestion.logs.records import RefusedFileError
from ingestion.text import clip
from warehouse.keys import canonical_json, digest

OUTPUT_TYPES = ("multiple_choice", "generate_until", "loglikelihood")

# What can change an answer, of a task's configuration; the rest says where data and scores come from.
_TASK_SETTINGS = (
    *("output_type", "doc_to_text", "doc_to_choice", "doc_to_target", "description", "target_delimiter"),
    *("fewshot_delimiter", "fewshot_as_multiturn", "gen_prefix", "num_fewshot", "use_prompt", "assistant_prefix"),
)
# Names of the model itself.
_NAMES = frozenset({"model", "pretrained"})


@dataclass(frozen=True)
class LmEvalRun:
    """Everything of one task's run but its samples.

    Attributes:
        task: name of the task.
        run_id: model, time and task of the run.
        model: row of `raw.models`.
        config: the task's configuration, as the harness used it.
        output_type: one of `OUTPUT_TYPES`.
        chosen: the filter whose rows are read.
        filters: all filters of the task.
        condition: row of `raw.conditions`, but for a prompt format that only the rows can tell.
        n_documents: documents that the run had, as far as it says.
        n_repeats: repeats that the task asks for, as far as it says.
        context_id: which few-shot examples were shown.
        more_is_better: by metric, whether more is better, as far as the results say.
        created_at: when the run started.
        tool_version: version of the harness.
    """

    task: str
    run_id: str
    model: dict[str, Any]
    config: Mapping[str, Any]
    generation: Mapping[str, Any]
    settings: Mapping[str, Any]
    n_shots: int | None
    output_type: str
    chosen: Filter
    filters: tuple[Filter, ...]
    n_documents: int | None
    n_repeats: int | None
    context_id: str
    more_is_better: Mapping[str, Any]
    created_at: datetime | None
    tool_version: str | None

    def condition(self, prompt_format: str) -> dict[str, Any]:
        """The row of `raw.conditions` for items of that format."""
        return settings_row(prompt_format, self.settings, self.generation, self.n_shots)


def read_run(samples: Path) -> LmEvalRun:
    """The run of a samples file.

    Raises:
        RefusedFileError: if the results file is missing or unreadable, or does not know the task.
    """
    files = files_of(samples)
    if files is None:
        raise RefusedFileError(
            "the results with its model cannot be found: its name is not samples_<task>_<time>.jsonl, and no .json "
            "beside it knows a task that its name ends in (<model_args>_<task>.jsonl, as lm-eval before 0.4.3 wrote "
            "it); give it back the name that lm-eval wrote, and copy the whole output folder"
        )
    if not files.results.is_file():
        raise RefusedFileError(
            f"{files.results.name} is not beside it: the model and the settings are only there; copy the whole output "
            "folder"
        )
    try:
        return _run(read_results(files.results), files)
    except (OSError, TypeError, AttributeError, *BAD_JSON) as error:
        raise RefusedFileError(f"{files.results.name} cannot be read: {why(error)}") from error


def _run(results: dict[str, Any], files: OutputFiles) -> LmEvalRun:
    task, stamp = files.task, files.stamp
    # Without a time in its name, a run is known by what its results say.
    stamp = stamp or f"{results.get('date', '')}-{digest(canonical_json(results), 12)}"
    task_config = _mapping(results.get("configs")).get(task)
    if not isinstance(task_config, Mapping):
        raise RefusedFileError(f"{files.results.name} says nothing of task {task!r}; copy the whole output folder")
    output_type = task_config.get("output_type")
    if output_type not in OUTPUT_TYPES:
        raise RefusedFileError(
            f"task {task!r} has output_type {output_type!r}, which has no right answer to decompose against; "
            f"readable are {', '.join(OUTPUT_TYPES)}"
        )
    run_config = _mapping(results.get("config"))
    arguments = _arguments(run_config.get("model_args"))
    model_id = results.get("model_name") or arguments.get("pretrained") or arguments.get("model")
    if not isinstance(model_id, str) or not model_id:
        raise RefusedFileError(f"{files.results.name} names no model (model_name)")
    model_id = clip(model_id, 500)
    generation = _generation(task_config, run_config)
    n_shots = integer(_mapping(results.get("n-shot")).get(task, task_config.get("num_fewshot")), 2**31)
    filters = filters_of(task_config)
    version = results.get("lm_eval_version")
    provider = results.get("model_source") or run_config.get("model")
    return LmEvalRun(
        task=task,
        run_id=f"{model_id}@{stamp}/{task}",
        model={
            "model_id": model_id,
            "provider": clip(provider, 200) if isinstance(provider, str) else None,
            "param_count": integer(run_config.get("model_num_parameters"), 2**63) or None,
            "is_simulated": False,
        },
        config=task_config,
        generation={**generation, "max_tokens": generation.get("max_gen_toks", generation.get("max_tokens"))},
        settings={
            "generate": {name: value for name, value in generation.items() if name != "seed"},
            "task": {name: task_config.get(name) for name in _TASK_SETTINGS},
            "task_version": _mapping(results.get("versions")).get(task),
            "model_args": {name: value for name, value in telling_arguments(arguments).items() if name not in _NAMES},
            "model_revision": run_config.get("model_revision"),
            "system_instruction": results.get("system_instruction"),
            "chat_template": results.get("chat_template_sha") or results.get("chat_template"),
            "n_shots": n_shots,
        },
        n_shots=n_shots,
        output_type=output_type,
        chosen=default_filter(filters),
        filters=tuple(filters),
        n_documents=integer(_mapping(_mapping(results.get("n-samples")).get(task)).get("effective"), 2**31),
        n_repeats=integer(task_config.get("repeats"), 2**31),
        # The harness draws the same examples for every repeat; another seed is another context of the same item.
        context_id="none" if not n_shots else f"fewshot-seed-{run_config.get('fewshot_seed')}",
        more_is_better=_mapping(_mapping(results.get("higher_is_better")).get(task)),
        created_at=_moment(results.get("date")),
        tool_version=version if isinstance(version, str) else None,
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _arguments(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        pairs = (pair.partition("=") for pair in value.split(","))
        return {name.strip(): text for name, sign, text in pairs if sign}
    return dict(_mapping(value))


def _generation(task_config: Mapping[str, Any], run_config: Mapping[str, Any]) -> dict[str, Any]:
    if task_config.get("output_type") != "generate_until":
        return {}
    given = run_config.get("gen_kwargs")
    overrides = _typed(_arguments(given)) if isinstance(given, str) else _mapping(given)
    settings = {**_mapping(task_config.get("generation_kwargs")), **overrides}
    if settings.get("do_sample") is False and number(settings.get("temperature")) is None:
        settings["temperature"] = 0.0
    return settings


def _typed(arguments: Mapping[str, str]) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    for name, text in arguments.items():
        try:
            typed[name] = msgspec.json.decode(text.lower() if text in ("True", "False") else text)
        except msgspec.DecodeError:
            typed[name] = text
    return typed


def _moment(value: Any) -> datetime | None:
    seconds = number(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and 0 <= seconds < 2**33 else None
