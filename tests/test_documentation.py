"""What the documentation tells people to type exists, and the files that it speaks of are there."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

from dagster_project.cli import app
from warehouse.figures import FIGURES, Figure

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
TARGETS = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))


def typed(text: str) -> Iterator[list[str]]:
    """Commands of a page, as words: from fenced blocks (of a console the lines after `$`) and from inline code."""
    for kind, block in re.findall(r"(?ms)^```(bash|console)\n(.*?)^```", text):
        joined = re.sub(r'"[^"]*"', lambda quoted: quoted[0].replace("\n", " "), block)
        lines = [line.removeprefix("$ ") for line in joined.splitlines() if kind == "bash" or line.startswith("$ ")]
        for line in lines:
            yield from _commands(line)
    for inline in re.findall(r"`((?:incoherence|make|python -m) [^`\n]+)`", re.sub(r"(?ms)^```.*?^```", "", text)):
        yield from _commands(inline)


def _commands(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&;|<>")
    lexer.whitespace_split = True
    command: list[str] = []
    for word in (*lexer, ";"):
        if set(word) <= set("&;|<>"):
            yield command
            command = []
        else:
            command.append(word)


def printed(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """Each command of a page's consoles with the lines that it prints there."""
    for block in re.findall(r"(?ms)^```console\n(.*?)^```", text):
        for shown in re.split(r"(?m)^\$ ", block)[1:]:
            typing, quotes = [], 0
            lines = shown.splitlines()
            while not typing or quotes % 2:
                typing.append(lines.pop(0))
                quotes += typing[-1].count('"')
            yield next(_commands(" ".join(typing))), lines


COMMANDS = sorted({(page.name, *words) for page in PAGES for words in typed(page.read_text(encoding="utf-8")) if words})
OURS = [command for command in COMMANDS if "incoherence" in command[1:3]]


def test_the_pages_tell_of_every_command() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, click.Group)
    told = {command[command.index("incoherence") + 1] for command in OURS if command[-1] != "incoherence"}
    assert told <= set(group.commands) <= told | TARGETS


@pytest.mark.parametrize("command", OURS, ids=" ".join)
def test_a_command_of_the_pages_has_these_options(command: tuple[str, ...]) -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, click.Group)
    name, *arguments = command[command.index("incoherence") + 1 :]
    parser = group.commands[name].make_parser(click.Context(group.commands[name]))
    parser.parse_args(arguments)


READING = {"explain", "plan", "query", "status"}
"""Commands that change nothing: tests/test_end_to_end.py runs those of the pages on a published warehouse."""

RUN_ELSEWHERE = {"build", "docs", "publish", "report", "run"}
"""By tests/test_end_to_end.py."""

NEEDS = {
    "analyze": "logs of yours (the tutorial's are there: tests/test_end_to_end.py runs it)",
    "import": "logs of yours",
    "merge": "a second warehouse (tests/warehouse/test_merge.py makes some)",
    "public": "a network",
    "push": "an object store (tests/warehouse/test_remote.py serves one)",
    "sample": "a key and a network (tests/test_end_to_end.py runs a --dry-run)",
    "serve-reasoner": "somebody who stops it",
    "synthetic": "minutes to hours",
    "ui": "somebody who stops it",
}


def test_of_these_commands_only_the_arguments_are_checked() -> None:
    told: dict[str, set[str]] = {}
    for _, *words in OURS:
        name = words[words.index("incoherence") + 1]
        if name not in READING | RUN_ELSEWHERE:
            told.setdefault(NEEDS.get(name, "more than this test has"), set()).add(" ".join(words))
    lists = (f"{need}: {', '.join(sorted(commands))}" for need, commands in sorted(told.items()))
    pytest.skip("commands of the pages that need " + "; ".join(lists))


def test_make_targets_and_modules_of_the_pages_exist() -> None:
    for page, *words in COMMANDS:
        if words[0] == "make":
            assert {word for word in words[1:] if "=" not in word and not word.startswith("-")} <= TARGETS, (
                page,
                words,
            )
        if words[:2] == ["python", "-m"]:
            assert importlib.util.find_spec(words[2]), (page, words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_of_the_pages_exist(page: Path) -> None:
    """Links, and what stands in backticks and begins with a folder of ours."""
    text = page.read_text(encoding="utf-8")
    tops = "dbt|docs|ingestion|synthetic|warehouse|dagster_project|tests|benchmarks"
    for path in re.findall(rf"`((?:{tops})/[\w./-]*)`", text):
        assert path.startswith("warehouse/data") or (ROOT / path).exists(), path
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)\)", text):
        assert (page.parent / link).exists(), link


def test_a_figure_is_told_of_where_the_readme_says() -> None:
    """Lists of figures that a person would have to find and extend: none but those of README, "Change one thing"."""
    figures = [path.stem.removeprefix("fig_") for path in (ROOT / "dbt/models/figures").glob("fig_*.sql")]
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    lists = set()
    for name in files:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".yml", ".toml", ".sql", ".j2", ".txt"} and path.is_file():
            words = set(re.findall(r"\w+", path.read_text(encoding="utf-8", errors="replace")))
            if sum(figure in words or f"fig_{figure}" in words for figure in figures) > len(figures) / 2:
                lists.add(name)
    by_hand = {"warehouse/figures/__init__.py", "docs/analyses.md"}
    generated = {"dbt/models/exposures.yml", "tests/dagster_project/asset_graph.txt"}
    columns = {"dbt/columns.yml"}  # names figures in which a column means something of its own: README, "A column"
    paper = {"tests/test_project.py"}  # the paper's own words, which stay as they are, however many figures there are
    assert lists - paper - columns == by_hand | generated


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_every_figure_has_its_question_in_the_docs(figure: Figure) -> None:
    told = "".join(page.read_text(encoding="utf-8") for page in PAGES if page.parent.name == "docs")
    assert f"`{figure.tables[0]}`" in told
