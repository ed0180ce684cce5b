"""A Chromium without a window; and pictures: `python tests/dashboard/browser.py LINK FOLDER [WIDTH]`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PAGES = ("pools", "queries", "studies", "scoring", "runs", "compare")
# Shapes of Bokeh's widgets live in shadow roots, where a plain search does not look.
_TEXT = """
const texts = [];
const walk = (node) => {
  if (node.nodeType === Node.TEXT_NODE && node.textContent.trim()) texts.push(node.textContent.trim());
  if (['STYLE', 'SCRIPT'].includes(node.nodeName)) return;
  if (node.shadowRoot) walk(node.shadowRoot);
  node.childNodes.forEach(walk);
};
walk(document.body);
return texts.join('\\n');
"""


def missing() -> str | None:
    """Why there can be no browser on this machine; None if there can."""
    for program, package in (("chromium", "chromium"), ("chromedriver", "chromium-driver")):
        if shutil.which(program) is None:
            return f"there is no {program} here: install Debian's package {package}"
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "selenium is not installed"
    return None


class Browser:
    """One window."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, link: str) -> None:
        """Go there; returns when the page has loaded."""
        self.driver.get(link)

    def ready(self) -> None:
        """Wait until Bokeh has put the page together."""
        from selenium.webdriver.support.ui import WebDriverWait

        script = (
            "return typeof Bokeh !== 'undefined' && Bokeh.documents.length > 0 && Bokeh.documents[0].is_idle"
        )
        WebDriverWait(self.driver, 30, poll_frequency=0.1).until(lambda _: self.driver.execute_script(script))

    def text(self) -> str:
        """All text that the page shows, also within Bokeh's widgets."""
        return str(self.driver.execute_script(_TEXT))

    def until(self, *words: str, seconds: float = 30.0) -> str:
        """Wait until the page shows all of these words; returns its text."""
        from selenium.webdriver.support.ui import WebDriverWait

        seen = ""

        def shown(_: Any) -> bool:
            nonlocal seen
            seen = self.text()
            return all(word in seen for word in words)

        WebDriverWait(self.driver, seconds, poll_frequency=0.2).until(
            shown, f"not shown: {[word for word in words if word not in seen]} in {seen[:600]}"
        )
        return seen

    def model(self, script: str) -> Any:
        """What a script over Bokeh's document returns; `doc` is the document."""
        self.ready()
        return self.driver.execute_script(f"const doc = Bokeh.documents[0]; {script}")

    def errors(self) -> list[str]:
        """What the console calls severe since the last look."""
        return [line["message"] for line in self.driver.get_log("browser") if line["level"] == "SEVERE"]

    def picture(self, path: Path, width: int) -> None:
        """Save the whole page as it is this wide."""
        self.driver.set_window_size(width, 1000)
        script = "return document.documentElement.scrollHeight + window.outerHeight - window.innerHeight"
        height = int(self.driver.execute_script(script)) + 20  # the window's own frame comes on top
        self.driver.set_window_size(width, min(max(height, 600), 2600))
        self.driver.execute_async_script("setTimeout(arguments[0], 700)")  # until the last frame is drawn
        self.driver.save_screenshot(str(path))


@contextmanager
def browser(width: int = 1280) -> Iterator[Browser]:
    """A browser, for the length of a block."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = str(shutil.which("chromium"))
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--window-size={width},1000"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


def take_pictures(link: str, folder: Path, width: int) -> None:
    """A picture of every page of a dashboard."""
    folder.mkdir(parents=True, exist_ok=True)
    root = link.split("?", maxsplit=1)[0].rsplit("/", 1)[0]
    with browser(width) as window:
        window.open(link)
        for page in PAGES:
            window.open(f"{root}/{page}")
            window.ready()
            window.driver.set_script_timeout(20)
            window.driver.execute_async_script("setTimeout(arguments[0], 2500)")
            window.picture(folder / f"{page}-{width}.png", width)
            for error in window.errors():
                print(f"{page}: {error}")


if __name__ == "__main__":
    take_pictures(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1280)
