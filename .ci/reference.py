"""Pages of the documentation site that are not in docs/, made when it is built: a hook of mkdocs (see mkdocs.yml).

The home page is the README and the changelog is the project's. The reference is what the code says of itself: commands
(their help), experiment specs (their JSON Schema), mappings (docstrings of their fields), tables and columns (the yml
of the dbt models). What belongs into docs/ instead: everything that a person writes.
"""

from __future__ import annotations

import html
import inspect
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import typer
import yaml
from markdown import Extension, Markdown  # type: ignore[import-untyped]
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from dagster_project.cli import app
from ingestion.logs.table import mapping
from warehouse.schemas import ITEMS, SAMPLES

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
DBT = ROOT / "dbt"
SCHEMAS = {path.stem: schema for schema in ("marts", "figures") for path in (DBT / "models" / schema).glob("*.sql")}
"""Published table → its schema."""

ELSEWHERE = {"index.md": ROOT / "README.md", "changelog.md": ROOT / "CHANGELOG.md"}
"""Pages that lie at the top of the project, where GitHub and package indexes look for them."""

CSS = """\
.md-grid { max-width: 76rem; }
.md-typeset table:not([class]) { font-size: 0.66rem; }
.md-typeset table:not([class]) :is(td, th) { min-width: 0; padding: 0.5em 0.8em; }
.md-typeset td code { word-break: normal; }
.md-typeset pre > code { font-size: 0.6rem; }
"""


class NestedAsOnGitHub(Extension):  # type: ignore[misc]
    """What belongs to a point of a list is two columns in, not four."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Make the parsers anew: each reads the number when it is made."""
        md.tab_length = 2
        md.build_parser()


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Read Markdown as the pages are written."""
    config.markdown_extensions.insert(0, NestedAsOnGitHub())
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    pages = {
        "reference.css": CSS,
        "iframe-worker.js": Path(__file__).with_name("iframe-worker.js").read_text(encoding="utf-8"),
        "reference/commands.md": commands(),
        "reference/experiment.md": experiment(),
        "reference/examples.md": examples(),
        "reference/mapping.md": mappings(),
        "reference/marts.md": tables("marts", "Tables for analysis, in the published file as `marts.<table>`."),
        "reference/figures.md": tables("figures", "What figures and report draw, as `figures.<table>`."),
    } | {name: path.read_text(encoding="utf-8") for name, path in ELSEWHERE.items()}
    pages["changelog.md"] = "---\nsearch: {exclude: true}\n---\n" + pages["changelog.md"]
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links as the site has them; what they name outside docs/ is named, and not linked."""
    name = page.file.src_uri
    if name.startswith("reference/"):
        return markdown
    folder = ELSEWHERE.get(name, DOCS / name).parent

    def linked(found: re.Match[str]) -> str:
        text, target, anchor = found.groups()
        path = (folder / target).resolve()
        if path == DOCS / "examples":
            return f"[{text}](reference/examples.md)"
        if path.is_relative_to(DOCS) and path.is_file():
            return f"[{text}]({os.path.relpath(path, DOCS)}{anchor or ''})"
        return text

    return re.sub(r"\[([^\]]*)\]\((?!https?:|#)([^)#\s]+)(#[^)]*)?\)", linked, markdown)


def on_page_content(content: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Names of published tables lead to their columns."""
    if page.file.src_uri.startswith("reference/"):
        return content

    def linked(found: re.Match[str]) -> str:
        name, schema = found[2], SCHEMAS.get(found[2])
        return f'<a href="reference/{schema}.html#{name}">{found[0]}</a>' if schema else found[0]

    return re.sub(r"<code>((?:marts\.|figures\.)?(\w+))</code>", linked, content)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table; what would end a cell is written otherwise."""
    lines = [list(head), ["---" for _ in head], *([_cell(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text.strip()).replace("|", "\\|")


def _code(text: object) -> str:
    return f"`{text}`" if text not in (None, "") else ""


def commands() -> str:
    """Every command with its help, arguments and options."""
    group = typer.main.get_command(app)
    text = f"# Commands\n\n{html.escape(group.help or '', quote=False)}\n"
    return text + "".join(_command(command, path) for command, path in _commands(group, click.Context(group), ""))


def _commands(group: click.Command, context: click.Context, before: str) -> Iterator[tuple[click.Command, str]]:
    assert isinstance(group, click.Group)
    for name in group.list_commands(context):
        command = group.commands[name]
        if isinstance(command, click.Group):
            yield from _commands(command, context, f"{before}{name} ")
        else:
            yield command, f"{before}{name}"


def _command(command: click.Command, path: str) -> str:
    context = click.Context(command, info_name=f"incoherence {path}")
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    told = [re.sub(r"\s+", " ", part) for part in paragraphs]
    examples = [part.removeprefix("Example: ") for part in told if part.startswith("Example: ")]
    prose = [html.escape(part, quote=False) for part in told if not part.startswith("Example: ")]
    usage = re.sub(r"^Usage: |\s+", " ", command.get_usage(context)).strip()
    records = [record for param in command.params if (record := param.get_help_record(context))]
    shown = "\n".join([usage, *(f"\n# for example\n{example}" for example in examples)])
    parts = [f"## {path}", *prose, f"```bash\n{shown}\n```"]
    if records:
        parts.append(table(("argument or option", ""), ((_code(name), html.escape(text)) for name, text in records)))
    return "\n" + "\n\n".join(parts) + "\n"


def experiment() -> str:
    """The fields of an experiment spec, from its JSON Schema."""
    schema = json.loads((DOCS / "experiment.schema.json").read_text(encoding="utf-8"))
    text = (
        "# Experiment spec\n\nWhat `incoherence sample` reads; [Sampling](../sampling.md) says how it is used, and "
        "editors complete it by [experiment.schema.json](../experiment.schema.json).\n"
    )
    parts = {"The experiment": schema} | schema["$defs"]
    for name, part in parts.items():
        text += f"\n## {name}\n\n{part.get('description', '')}\n\n"
        required = part.get("required", ())
        rows = (
            (_code(field), _type(facts), "needed" if field in required else _default(facts), _description(facts, parts))
            for field, facts in part["properties"].items()
        )
        text += table(("field", "type", "default", ""), rows)
    return text


def _type(facts: dict[str, Any]) -> str:
    """A JSON Schema type in words, parts as links."""
    if "$ref" in facts:
        name = facts["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if options := facts.get("oneOf") or facts.get("anyOf"):
        return " or ".join(_type(option) for option in options if option.get("type") != "null")
    if "enum" in facts:
        return ", ".join(_code(value) for value in facts["enum"])
    if "const" in facts:
        return _code(facts["const"])
    if facts.get("type") == "array":
        return f"list of {_type(facts['items'])}" if "items" in facts else "list"
    if facts.get("type") == "object" and isinstance(facts.get("additionalProperties"), dict):
        return f"name → {_type(facts['additionalProperties'])}"
    return str(facts.get("type", "any"))


def _default(facts: dict[str, Any]) -> str:
    default = facts.get("default")
    return "" if default is None or isinstance(default, dict) else _code(json.dumps(default))


def _description(facts: dict[str, Any], parts: dict[str, Any]) -> str:
    """What a field says of itself, else what the one part that it holds does."""
    if said := facts.get("description"):
        return str(said)
    (name, *others) = dict.fromkeys(re.findall(r"#/\$defs/(\w+)", json.dumps(facts))) or ("",)
    return str(parts[name].get("description", "")) if name and not others else ""


def examples() -> str:
    """The specs of docs/examples, whole."""
    text = "# Example specs\n\n`incoherence docs` puts these files into a folder of yours.\n"
    for path in sorted((DOCS / "examples").glob("*.yaml")):
        text += f"\n## {path.name}\n\n```yaml\n{path.read_text(encoding='utf-8').rstrip()}\n```\n"
    return text


def mappings() -> str:
    """The entries of a mapping file, and of what stands in them."""
    text = (
        "# Mapping file\n\nWhich field of a table is what; [Importing](../importing.md#tables-jsonl-csv-parquet-json) "
        "says how it is used.\n"
    )
    columns = {field.name: field.metadata[b"description"].decode() for raw in (ITEMS, SAMPLES) for field in raw.schema}
    kinds = (mapping.Mapping, mapping.Value, mapping.Answer, mapping.Score, mapping.Tests, mapping.Each, mapping.Join)
    for kind in kinds:
        summary, told = _docstring(kind)
        is_value = issubclass(kind, mapping.Value) and kind is not mapping.Value
        more = " Besides the entries of [Value](#value):" if is_value else ""
        rows = (
            (
                _code(info.alias or name),
                "needed" if info.is_required() else "",
                info.description or told.get(name) or columns[name],
            )
            for name, info in kind.model_fields.items()
            if not is_value or name not in mapping.Value.model_fields
        )
        text += f"\n## {kind.__name__}\n\n{summary}{more}\n\n{table(('entry', '', ''), rows)}"
    return text


def _docstring(kind: type) -> tuple[str, dict[str, str]]:
    """The summary of a class, and field → what its `Attributes:` says of it."""
    summary, _, attributes = inspect.cleandoc(kind.__doc__ or "").partition("\nAttributes:\n")
    entries = re.findall(r"(?ms)^    (\w+): (.*?)(?=^    \w|\Z)", attributes)
    return summary.strip(), dict(entries)


def tables(schema: str, introduction: str) -> str:
    """Tables of a published schema with their columns, from the yml of their dbt models."""
    text = f"# Schema {schema}\n\n{introduction}\n"
    told = dict(
        found
        for path in (DBT / "models" / "docs").glob("*.md")
        for found in re.findall(r"(?s){% docs (\w+) %}\s*(.*?)\s*{% enddocs %}", path.read_text(encoding="utf-8"))
    )
    models = (
        model
        for path in sorted((DBT / "models" / schema).glob("*.yml"))
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    )

    def said(description: str) -> str:
        return re.sub(r"""{{ doc\(["'](\w+)["']\) }}""", lambda found: told[found[1]], description)

    for model in models:
        rows = (
            (_code(column["name"]), column["data_type"], said(column["description"])) for column in model["columns"]
        )
        text += f"\n## {model['name']}\n\n{said(model['description'])}\n\n{table(('column', 'type', ''), rows)}"
    return text
