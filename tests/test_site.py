"""The documentation as a site: whole, linked within itself, and asking nothing of other hosts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import click
import pytest
import typer

from dagster_project.cli import app
from ingestion.logs.table.mapping import Mapping, Value
from ingestion.sampling.spec.experiment import ExperimentSpec

ROOT = Path(__file__).resolve().parents[1]
LOADING = {"audio", "embed", "iframe", "img", "link", "object", "script", "source", "video"}


@dataclass(repr=False)
class Html(HTMLParser):
    """What one page names.

    Attributes:
        ids: anchors of the page.
        links: what can be followed from it.
        loaded: what it loads when it is opened.
    """

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given["id"]} if "id" in given else set()
        for name in {"href", "src", "srcset", "data"} & given.keys():
            (self.loaded if tag in LOADING and given.get("rel") != "canonical" else self.links).append(given[name])


def commands(command: click.Command, name: str = "") -> Iterator[str]:
    """Anchors of a command, or of those in a group."""
    for word, part in command.commands.items() if isinstance(command, click.Group) else ():
        yield from commands(part, f"{name}-{word}")
    if not isinstance(command, click.Group):
        yield name.removeprefix("-")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it, in which any warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [str(Path(sys.executable).with_name("mkdocs")), "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Html]:
    read = {}
    for path in site.rglob("*.html"):
        read[path] = Html()
        read[path].feed(path.read_text(encoding="utf-8"))
    return read


def test_every_page_is_there(site: Path) -> None:
    for path in (ROOT / "docs").glob("*.md"):
        assert (site / f"{path.stem}.html").is_file(), path
    assert "same way every time" in (site / "index.html").read_text(encoding="utf-8")


def test_every_command_field_and_table_is_in_the_reference(site: Path, pages: dict[Path, Html]) -> None:
    told = {name: (site / "reference" / f"{name}.html") for name in ("commands", "experiment", "mapping")}
    words = {name: path.read_text(encoding="utf-8") for name, path in told.items()}
    for name in commands(typer.main.get_command(app)):
        assert name in pages[told["commands"]].ids
    for name in ExperimentSpec.model_fields:
        assert f"<code>{name}</code>" in words["experiment"], name
    for name in (*Mapping.model_fields, *Value.model_fields, "as"):
        assert f"<code>{name}</code>" in words["mapping"], name
    for schema in ("marts", "figures"):
        tables = {path.stem for path in (ROOT / "dbt" / "models" / schema).glob("*.sql")}
        assert tables <= pages[site / "reference" / f"{schema}.html"].ids


def test_columns_and_entries_are_described(site: Path) -> None:
    for name in ("mapping", "marts", "figures"):
        text = (site / "reference" / f"{name}.html").read_text(encoding="utf-8")
        rows = re.findall(r"<tr>\n<td><code>(\w+)</code></td>.*?<td>([^\n]*)</td>\n</tr>", text, re.DOTALL)
        assert rows and not [column for column, description in rows if not description]
        assert "{{" not in text, "doc blocks are put in"


def test_links_lead_somewhere(site: Path, pages: dict[Path, Html]) -> None:
    for path, page in pages.items():
        if path.name == "404.html":  # its links are absolute
            continue
        for link in page.links:
            if re.match(r"https?:|mailto:", link):
                continue
            name, _, anchor = link.partition("#")
            target = (path.parent / name).resolve() if name else path
            target = target / "index.html" if target.is_dir() else target
            assert target.is_relative_to(site) and target.is_file(), (path.name, link)
            assert not anchor or target.suffix != ".html" or anchor in pages[target].ids | {"__top"}, (path.name, link)


def test_nothing_is_asked_of_other_hosts(site: Path, pages: dict[Path, Html]) -> None:
    outside = re.compile(r"(https?:)?//")
    assert not [(path.name, loaded) for path, page in pages.items() for loaded in page.loaded if outside.match(loaded)]
    for path in site.rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?(?:https?:)?//", path.read_text(encoding="utf-8")), path


def test_pages_are_read_as_on_github(site: Path) -> None:
    """A list right below a line of text is none in this Markdown: leave a line empty before it."""
    for source in (ROOT / "docs").glob("*.md"):
        page = (site / f"{source.stem}.html").read_text(encoding="utf-8")
        fences = re.findall(r"(?m)^ *```", source.read_text(encoding="utf-8"))
        assert 2 * page.count("<pre") == len(fences), f"{source.name}: something indented has become code"
        prose = re.sub(r"(?s)<(pre|script).*?</\1>", "", page)
        assert re.findall(r"(?m)^[-|] .*", prose) == [], source.name
