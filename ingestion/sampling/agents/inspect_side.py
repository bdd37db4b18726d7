"""What runs in the interpreter that has inspect-ai: `python inspect_side.py items|run CALL.json`.

It imports the standard library and inspect-ai alone, since it may run in another environment than this project's. What
to do is read from the file, and what came of it is written to the file that `result` in it names. Keys are in the
environment and nowhere else. Standard input is a pipe that the parent holds open: when it ends, so does this process.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import re
import sys
import threading
from pathlib import Path
from typing import Any

_STANDARD_INPUT = 0
_LOST_PARENT = 137
_MARKUP = re.compile(r"\[/?(?:bold|blue|italic|dim|yellow|red|green|link[^\]]*)\]")


def main() -> int:
    """Do what the command line says; exit status 0 if it was done."""
    sys.path.pop(0)  # this folder's modules are not for tasks to import
    threading.Thread(target=_end_with_parent, daemon=True).start()
    command, path = sys.argv[1:]
    call = json.loads(Path(path).read_text(encoding="utf-8"))
    try:
        came = {"items": _items, "run": _run}[command](call)
    except KeyboardInterrupt:
        came = {"problem": "interrupted", "is_interrupted": True}
    except ImportError as error:
        # A task may lack a package as well; without inspect-ai, nothing can be said about any task.
        came = {"problem": f"{type(error).__name__}: {error}", "lacks_inspect": (error.name or "") == "inspect_ai"}
    except (Exception, SystemExit) as error:
        came = {"problem": _MARKUP.sub("", f"{error}") or type(error).__name__}
    result = Path(call["result"])
    half = result.with_name(f".{result.name}")
    half.write_text(json.dumps(came), encoding="utf-8")
    half.replace(result)
    return 1 if "problem" in came else 0


def _end_with_parent() -> None:
    with contextlib.suppress(OSError):
        os.read(_STANDARD_INPUT, 1)
    os._exit(_LOST_PARENT)


def _items(call: dict[str, Any]) -> dict[str, Any]:
    """The task's name and the ids of its samples, in the dataset's order."""
    os.environ.setdefault("INSPECT_EVAL_MODEL", "mockllm/model")  # some tasks ask for the model while they are made
    from inspect_ai._eval.loader import load_tasks

    tasks = load_tasks([call["task"]], call["args"])
    if len(tasks) != 1:
        names = ", ".join(task.name for task in tasks) or "none"
        return {"problem": f"{call['task']} holds {len(tasks)} tasks ({names}); name one of them: FILE.py@NAME"}
    dataset = tasks[0].dataset
    ids = [number if sample.id is None else sample.id for number, sample in enumerate(dataset, 1)]
    if dataset.shuffled and ids == list(range(1, len(ids) + 1)):
        return {
            "problem": "its samples have no ids and are shuffled, so that an item is another one in each run; "
            "give the dataset's samples ids"
        }
    return {"name": tasks[0].name, "ids": ids}


def _run(call: dict[str, Any]) -> dict[str, Any]:
    """An eval set, begun or gone on with: what `log_dir` holds is not run again."""
    from inspect_ai import eval_set
    from inspect_ai.model import ModelCost, ModelInfo, get_model_info, set_model_info

    options = dict(call["options"])
    if call["price"]:
        model = options["model"]
        info = get_model_info(model) or ModelInfo()
        set_model_info(model, info.model_copy(update={"cost": ModelCost(**call["price"])}))
    if isinstance(options.get("sandbox"), str) and ":" in options["sandbox"]:
        options["sandbox"] = tuple(options["sandbox"].split(":", 1))
    succeeded, logs = eval_set(
        call["task"],
        sample_id=[glob.escape(item) for item in call["ids"]],  # to Inspect they are patterns
        display="none",
        ctl_server=False,
        log_format="eval",
        retry_attempts=1,
        fail_on_error=False,
        **options,
    )
    if succeeded:
        return {}
    errors = [log.error.message for log in logs if log.error is not None]
    if any(log.status == "cancelled" for log in logs):
        return {"problem": "interrupted", "is_interrupted": True}
    return {"problem": _MARKUP.sub("", errors[0]) if errors else "the eval set did not come to its end"}


if __name__ == "__main__":
    sys.exit(main())
