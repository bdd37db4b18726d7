"""Unit tests behind an Inspect sample: in a score's metadata, in the SWE-bench scorer's explanation, or by name alone.

A run that a limit stopped and that nobody tested left the code as it was (paper, section 3): where the dataset names
its tests, those that pass without the change pass, and those that need it fail.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ingestion.logs.inspect.types import Sample
from ingestion.logs.json_text import BAD_JSON, decode_object
from ingestion.text import clip_key
from ingestion.verdicts import has_passed

_KINDS = ("pass_to_pass", "fail_to_pass")
_EXPLAINED = re.compile(r"(?:\A|\n\n)(PASS_TO_PASS|FAIL_TO_PASS):\s*(?=\{)")
_DECODER = json.JSONDecoder()

_Test = tuple[str, str, bool]


def test_rows(sample: Sample) -> Iterator[dict[str, Any]]:
    """`test_name`, `kind` and `passed` of every test once; the first score that tells of a test counts."""
    seen: set[str] = set()
    for name, kind, passed in _told(sample):
        name = clip_key(name, 1_000)
        if name not in seen:
            seen.add(name)
            yield {"test_name": name, "kind": kind, "passed": passed}


def _told(sample: Sample) -> Iterator[_Test]:
    told = False
    for score in (sample.scores or {}).values():
        for test in (*_in_metadata(_metadata(score.metadata)), *_in_explanation(score.explanation or "")):
            told = True
            yield test
    if sample.limit is not None and not told:
        kinds = _kinds(_metadata(sample.metadata))
        yield from ((name, kind, kind == "pass_to_pass") for name, kind in kinds.items())


def _in_metadata(metadata: Mapping[str, Any]) -> Iterator[_Test]:
    """`tests`: name → outcome, with the kinds beside it."""
    tests = metadata.get("tests")
    if isinstance(tests, Mapping):
        kinds = _kinds(metadata)
        for name, outcome in tests.items():
            if (passed := has_passed(outcome)) is not None:
                yield name, kinds.get(name, "other"), passed


def _in_explanation(text: str) -> Iterator[_Test]:
    """As inspect_evals' SWE-bench scorer writes it: two JSON objects of name → outcome under their kinds.

    That scorer resolves an instance only if every test says PASSED, so a skipped test has not passed here.
    """
    for match in _EXPLAINED.finditer(text) if "_TO_PASS:" in text else ():
        try:
            tests, _ = _DECODER.raw_decode(text, match.end())
        except BAD_JSON:
            continue
        yield from ((name, match[1].lower(), outcome in (True, "PASSED")) for name, outcome in tests.items())


def _kinds(metadata: Mapping[str, Any]) -> dict[str, str]:
    """By test, its kind, from lists of names, or their JSON as SWE-bench's data set holds it."""
    kinds: dict[str, str] = {}
    for kind in _KINDS:
        names = metadata.get(kind) or metadata.get(kind.upper()) or []
        if isinstance(names, str):
            try:
                names = json.loads(names)
            except BAD_JSON:
                continue
        if isinstance(names, list):
            kinds |= {name: kind for name in names if isinstance(name, str)}
    return kinds


def _metadata(raw: msgspec.Raw) -> dict[str, Any]:
    if memoryview(raw).nbytes < 5:  # null, or {}
        return {}
    try:
        return decode_object(raw)
    except BAD_JSON:
        return {}
