"""The page in a real browser: as wide as its window, without a fault or a request, with one filter, readable aloud.

The roles and names that a screen reader needs are asserted one by one; an audit with axe-core found nothing more.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.browser import Tab, browser, browser_path
from tests.dbt.conftest import Built
from warehouse.layout import Layout
from warehouse.report import write_page

pytestmark = pytest.mark.skipif(browser_path() is None, reason="Chromium is not installed: apt-get install chromium")

DRAWN = "document.body.dataset.drawn"

UNNAMED = """
[...document.querySelectorAll("main a, button, select, summary, [role=img], [role=region], nav, section")]
  .filter((element) => !(element.textContent.trim() || element.getAttribute("aria-label")
    || document.getElementById(element.getAttribute("aria-labelledby") || "")))
  .map((element) => element.outerHTML.slice(0, 100))
"""

HEADLESS = """[...document.querySelectorAll("thead th:not([scope])")].map((head) => head.outerHTML)"""

REPEATED = """
[...document.querySelectorAll("[id]")].map((element) => element.id)
  .filter((id, place, all) => all.indexOf(id) !== place && !id.startsWith("clip") && !id.startsWith("gradient"))
"""

LOST = """
[...document.querySelectorAll('main a[href^="#"], nav a')].map((link) => link.getAttribute("href").slice(1))
  .filter((id) => !document.getElementById(id))
"""

CHOOSE = """(() => {
  const select = document.querySelector("select[name=task]");
  select.value = "study";
  select.dispatchEvent(new Event("change", { bubbles: true }));
})()"""

FIRST_BAR = """(() => {
  const bar = document.querySelector("#chart-transcripts .mark-rect path");
  bar.scrollIntoView({ block: "center" });
  const box = bar.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
  return [x, y, itemKey(document.elementFromPoint(x, y).__data__.datum)];
})()"""
"""Where it is, and the item of the bar seen there: some conditions of the random rows share a label, and thus a row."""


CUT_OFF = """[...document.querySelectorAll("main *")]
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !element.closest("svg"))
  .map((element) => element.outerHTML.slice(0, 100))
"""

HIDDEN_BELOW = (
    "[...document.querySelectorAll('.scroll')].filter((box) => box.scrollHeight > box.clientHeight + 1).length"
)

IN_FOCUS = "['#filter select', 'th button', '.verdict'].find((kind) => document.activeElement.matches(kind))"


@pytest.fixture(scope="module")
def page(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    layout = Layout(tmp_path_factory.mktemp("page"))
    layout.published_database.parent.mkdir(parents=True)
    shutil.copy(built.layout.build_database, layout.published_database)
    written = write_page(layout)
    assert not written.faults
    return written.path


@pytest.fixture(scope="module")
def tab(page: Path) -> Iterator[Tab]:
    with browser() as opened:
        opened.open(page, 1280, 800)
        opened.wait_for(DRAWN)
        yield opened


def test_the_page_is_as_wide_as_its_window_and_asks_for_nothing(tab: Tab) -> None:
    for width in (1920, 1280, 390):
        round_before = tab.ask(DRAWN)
        tab.resize(width, 800)
        tab.wait_for(f"{DRAWN} !== '{round_before}' || innerWidth === 1280 && {DRAWN}")
        assert tab.ask("document.documentElement.scrollWidth") == width
    assert tab.errors == [] and tab.requests == []
    assert (
        tab.ask("[...document.querySelectorAll('.chart')].filter((chart) => !chart.querySelector('svg')).length") == 0
    )


def test_everything_has_a_name_for_those_who_hear_it(tab: Tab) -> None:
    tab.ask("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    tab.wait_for("document.querySelectorAll('.numbers table').length === document.querySelectorAll('.numbers').length")
    assert tab.ask(UNNAMED) == []
    assert tab.ask(HEADLESS) == []
    assert tab.ask(REPEATED) == []
    assert tab.ask(LOST) == []
    assert tab.ask("document.documentElement.lang") == "en"


def test_one_choice_drives_cards_tables_and_charts(tab: Tab) -> None:
    count = "[...document.querySelectorAll('.models tbody tr')].filter((row) => !row.hidden).length"
    everything = tab.ask(count)
    tab.ask(CHOOSE)
    chosen = tab.ask(count)
    assert 0 < chosen < everything
    assert (
        tab.ask("document.querySelectorAll('.models tr[data-pool]:not([hidden]) td:first-child')[0].textContent")
        == "study"
    )
    assert tab.ask("[...new Set(chartRows(charts.all.format_failures).rows.map((row) => row.row.split(':')[0]))]") == [
        "study"
    ]
    tab.ask("document.querySelector('#filter button').click()")
    tab.wait_for(f"{count} === {everything}")


def test_a_click_on_a_verdict_opens_its_sentence_and_a_head_sorts(tab: Tab) -> None:
    tab.ask("document.querySelector('.matrix [data-opens]').click()")
    assert tab.ask("document.getElementById('opened').open")
    assert tab.ask("document.querySelector('#opened dl').textContent").strip()
    tab.ask("document.getElementById('opened').close()")
    tab.ask("document.querySelector('.models thead th:nth-child(6) button').click()")
    errors = tab.ask(
        "[...document.querySelectorAll('.models tbody td:nth-child(6)')].map((cell) => Number(cell.dataset.value))"
    )
    assert errors == sorted(errors)
    assert tab.ask("document.querySelector('.models thead th:nth-child(6)').getAttribute('aria-sort')") == "ascending"


def test_an_item_leads_to_its_log(built: Built, tab: Tab) -> None:
    (row,) = built.rows("figures.fig_transcripts", "true order by all limit 1")
    assert row["example_log"] == "1.csv" and row["example_item_id"]
    (found,) = built.rows(
        "marts.fct_sample", f"sample_id = '{row['example_sample_id']}' and epoch = {row['example_epoch']}"
    )
    assert (found["task"], found["model_id"]) == (row["task"], row["model_id"])
    assert tab.ask("document.querySelector('#item-list code').textContent").startswith("1.csv: item ")


def test_a_click_on_a_bar_opens_its_item(tab: Tab) -> None:
    tab.wait_for(f"Number({DRAWN}) === charts.round")
    tab.ask("document.querySelectorAll('.item').forEach((each) => { each.open = false; })")
    x, y, item = tab.ask(FIRST_BAR)
    for kind in ("mousePressed", "mouseReleased"):
        tab.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    assert tab.ask(
        "[...document.querySelectorAll('.item')].filter((each) => each.open).map((each) => each.dataset.item)"
    ) == [item]


def test_names_and_texts_are_no_markup_in_what_the_page_makes(tab: Tab) -> None:
    """What the template writes is held to the same in `test_hostile_names`."""
    harm = "'<img src=x onerror=alert(1)>'"
    row = f"new Proxy({{ variance: 1, share: 1 }}, {{ get: (all, name) => all[name] ?? {harm} }})"
    assert tab.ask(f"itemElement([{row}]).querySelector('img')") is None
    assert tab.ask(f"itemElement([{row}]).textContent.split('<img').length") > 8
    opened = f"{{ title: {harm}, verdict: {harm}, sentence: {harm}, facts: [[{harm}, {harm}]], place: null }}"
    tab.ask(f"showOpened({opened})")
    assert tab.ask("document.querySelector('#opened img')") is None
    assert tab.ask("document.getElementById('opened').textContent.split('<img').length") == 6
    tab.ask("document.getElementById('opened').close()")


def test_keys_reach_what_can_be_clicked(tab: Tab) -> None:
    tab.ask("document.querySelector('.brand').focus()")
    reached = []
    while len(reached) < 3:
        for _ in range(400):
            tab.press("Tab")
            if (kind := tab.ask(IN_FOCUS)) and kind not in reached:
                break
        else:
            pytest.fail(f"of filter, verdicts and heads of tables the Tab key reaches {reached} alone")
        reached.append(kind)
        if kind == ".verdict":
            tab.press("Enter")
            assert tab.ask("document.getElementById('opened').open")
            tab.press("Escape")
            assert not tab.ask("document.getElementById('opened').open")
            assert tab.ask("document.activeElement.matches('.verdict')"), "one goes on where one was"


def test_paper_is_white_and_cuts_nothing_off(tab: Tab) -> None:
    tab.ask("if (document.documentElement.dataset.theme === 'light') document.getElementById('theme').click()")
    tab.resize(1032, 700)  # A4 across, less its margins
    tab.wait_for(f"Number({DRAWN}) === charts.round")
    dark = "getComputedStyle(document.body).backgroundColor"
    assert tab.ask(dark) == "rgb(22, 24, 27)"
    tab.call("Emulation.setEmulatedMedia", media="print")
    assert tab.ask(dark) == "rgb(255, 255, 255)"
    assert tab.ask("getComputedStyle(document.querySelector('.chart svg text')).fill") == "rgb(92, 99, 106)"
    assert tab.ask(CUT_OFF) == []
    assert tab.ask(HIDDEN_BELOW) == 0
    tab.call("Emulation.setEmulatedMedia", media="")
