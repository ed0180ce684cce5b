"""The pages in a browser: they render, update while work runs, answer clicks and filters, and stay shut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser import PAGES, Browser
from conftest import start_recorder
from made_log import Maker, write

from engine.events import CostLine, EventLog, StageStarted
from engine.workspace import Workspace

SHOWN = {
    "pools": ("dedicated", "explore", "Worker seconds", "boost"),
    "queries": ("SELECT payment_type", "running", "Skew", "scan    dbo.trips"),
    "studies": ("100 of 100", "What mattered", "Went on", "Learning curves"),
    "scoring": ("60 of 100", "not a number", "rows a second", "training"),
    "runs": ("tune tip 11", "fit features", "failed", "open"),
    "compare": ("Run A", "worker seconds", "1.03x", "register"),
}
EMPTY = {
    "pools": "No pool has written",
    "queries": "No query yet",
    "studies": "No study yet",
    "scoring": "No scoring job yet",
    "runs": "No run yet",
    "compare": "Two runs are laid side by side",
}
# Figures draw on a canvas: their texts are in the models, which is where a person's eyes find them too.
_MODEL_TEXTS = """
const said = [];
for (const model of doc._all_models.values()) {
  if (model.title && model.title.text) said.push(model.title.text);
  if (model.axis_label) said.push(model.axis_label);
  if (model.factors) said.push(...model.factors.map(String));
  if (model.items && model.type === 'Legend') said.push(...model.items.map(one => one.label.value || ''));
}
return said.join('\\n');
"""

_QUERIES = """[...doc._all_models.values()].find(
    model => model.type == 'ColumnDataSource' && model.get_column('submitted') != null)"""


def shows(window: Browser, *words: str) -> None:
    """Wait until the page, with the texts of its figures, shows all of these words."""
    from selenium.webdriver.support.ui import WebDriverWait

    def missing(_: object) -> bool:
        seen = window.text() + window.model(_MODEL_TEXTS)
        return all(word in seen for word in words)

    WebDriverWait(window.driver, 30, poll_frequency=0.2).until(missing, f"not all of {words} are shown")


# What is shown of a log is tested in each run without a browser; of the pages one stands for all, and
# the test of updates opens two more.
@pytest.mark.parametrize(
    "page",
    [pytest.param(name, marks=() if name == "studies" else pytest.mark.slow) for name in PAGES],
)
def test_each_page_renders_what_is_in_the_log(window: Browser, recorder: str, page: str) -> None:
    window.open(f"{recorder}/{page}")
    window.until("Tarn", *(name.capitalize() for name in PAGES))
    shows(window, *SHOWN[page])
    assert window.errors() == []


@pytest.mark.slow
def test_every_axis_is_named(window: Browser, recorder: str) -> None:
    for page in PAGES:
        window.open(f"{recorder}/{page}")
        window.ready()
        axes = window.model(
            "const axes = []; for (const model of doc._all_models.values())"
            " if (model.type.endsWith('Axis') && model.visible) axes.push(model.axis_label); return axes"
        )
        assert len(axes) >= 2
        assert all(axes), f"{page}: {axes}"


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 1920])
def test_no_page_is_wider_than_the_window(window: Browser, recorder: str, width: int) -> None:
    window.driver.set_window_size(width, 1000)
    for page in PAGES:
        window.open(f"{recorder}/{page}")
        window.ready()
        wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert window.driver.execute_script(wide) <= 0, page


def test_a_page_updates_while_work_is_written(window: Browser, recorder: str, made: EventLog) -> None:
    window.open(f"{recorder}/scoring")
    window.until("60 of 100")
    maker = Maker()
    entries = list(maker.scoring(70, job="job-2", wanted=100))
    write([entry for entry in entries if entry.kind == "partition_scored"][60:], made.bind().take)
    window.until("70 of 100", seconds=5)
    window.open(f"{recorder}/runs")
    window.until("tune tip 11")
    made.bind(run="brand-new")(StageStarted("warm up"))
    window.until("brand-new", seconds=5)
    window.open(f"{recorder}/pools")
    window.until("dedicated")
    made.bind(pool="dw")(CostLine(98_765.0))  # a table of as many rows as before, with other values
    window.until("98,765.00", seconds=5)
    assert window.errors() == []


@pytest.mark.slow
def test_a_filter_leaves_what_matches(window: Browser, recorder: str) -> None:
    from selenium.webdriver.common.keys import Keys

    window.open(f"{recorder}/queries")
    window.until("SELECT payment_type")
    field = window.driver.execute_script(
        """
        const find = (node) => {
          if (node.matches && node.matches('input[type=text]')) return node;
          for (const child of [...(node.shadowRoot ? node.shadowRoot.children : []), ...node.children]) {
            const found = find(child);
            if (found) return found;
          }
          return null;
        };
        return find(document.body);
        """
    )
    field.send_keys("month = 11", Keys.TAB)
    wait_for(window, f"return {_QUERIES}.get_column('text').length == 3")


@pytest.mark.slow
def test_a_click_on_a_query_shows_its_plan(window: Browser, recorder: str) -> None:
    window.open(f"{recorder}/queries")
    window.until("SELECT payment_type")
    row = "Array.from(source.get_column('id')).indexOf('QID32')"
    window.model(f"const source = {_QUERIES}; source.selected.indices = [{row}]")
    window.until("Request QID32: failed", "Divide by zero error encountered.", "shuffle by payment_type")
    assert window.errors() == []


@pytest.mark.slow
def test_a_click_on_a_pool_shows_that_one(window: Browser, recorder: str) -> None:
    window.open(f"{recorder}/pools")
    window.until("Pool dw", "explore")
    pools = """[...doc._all_models.values()].find(
        model => model.type == 'ColumnDataSource' && model.get_column('deaths') != null)"""
    window.model(f"const source = {pools}; source.selected.indices = [1]")
    window.until("Pool explore")
    assert window.errors() == []


@pytest.mark.slow
def test_tables_are_as_high_as_their_rows(window: Browser, recorder: str) -> None:
    window.open(f"{recorder}/studies")
    window.until("100 of 100")
    wait_for(
        window,
        "return [...doc._all_models.values()].some(model => model.type == 'DataTable' && model.height < 140)",
    )


def wait_for(window: Browser, script: str) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(window.driver, 20, poll_frequency=0.2).until(lambda _: window.model(script), script)


@pytest.mark.slow
def test_an_empty_log_says_what_would_appear(window: Browser, tmp_path: Path) -> None:
    process, link = start_recorder(tmp_path, "--token")
    root = link.split("?")[0].rsplit("/", 1)[0]
    try:
        window.open(f"{root}/runs")
        assert "wants its token" in window.text()
        window.open(link)
        for page in PAGES:
            window.open(f"{root}/{page}")
            window.until(EMPTY[page])
        assert [error for error in window.errors() if "403" not in error] == []
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def pool_link(tmp_path: Path) -> Iterator[str]:
    workspace = Workspace(tmp_path)
    with workspace.serverless("seen", max_workers=1, progress=False, token=True) as pool:
        yield str(pool.dashboard_link)


def test_the_pages_stand_in_the_pools_own_dashboard_behind_its_token(window: Browser, pool_link: str) -> None:
    parts = urlsplit(pool_link)
    root = f"http://{parts.netloc}"
    window.open(f"{root}/pools")
    assert "wants its token" in window.text()
    window.open(f"{root}/pools?token=wrong-wrong-wrong-wrong")
    assert "wants its token" in window.text()
    window.open(pool_link)
    assert "token" not in window.driver.current_url
    window.until("Pools", "Queries", "Profile")  # Dask's own page, with ours in its menu
    window.errors()
    window.open(f"{root}/pools")
    window.until("Pool seen", "running", "Workers lost")
    assert window.errors() == []
