"""Pictures of studies and models: documents in the pages' own look that save to HTML and PNG."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from engine.dashboard.style import GROUND
from engine.dashboard.views import Views
from engine.dashboard.views.studies import StudyView, TrialView
from engine.errors import OptionError
from engine.events import StudyFinished, StudyStarted

if TYPE_CHECKING:
    import numpy.typing as npt

_WIDTH, _HEIGHT = 1280, 1300
# A window must be high enough before anybody knows how high a page is; what is empty below is cut off.
_TALLEST, _MARGIN = 3000, 24
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_BROWSER_SECONDS = 60


class TrialFigures(Protocol):
    """A trial as `engine.ml.study.Trial` has it."""

    @property
    def number(self) -> int: ...

    @property
    def params(self) -> Mapping[str, Any]: ...

    @property
    def score(self) -> float: ...

    @property
    def rounds(self) -> int: ...

    @property
    def seconds(self) -> float: ...

    @property
    def curve(self) -> Sequence[float]: ...

    @property
    def status(self) -> str: ...

    @property
    def rungs(self) -> int: ...


class Picture:
    """A document: shown by notebooks, saved with `save`.

    Args:
        root: Bokeh's.
        title: What it shows.
        height: Pixels that it needs when it is 1280 wide.
    """

    def __init__(self, root: Any, title: str, height: int = _HEIGHT) -> None:
        self.root, self.title, self._height = root, title, height

    def html(self) -> str:
        """The document as one page that needs nothing else."""
        from bokeh.embed import file_html
        from bokeh.resources import INLINE

        from engine.dashboard.style import theme

        # Its widgets call into Python on the dashboard; here nobody answers, and nobody needs to.
        page = str(
            file_html(self.root, INLINE, title=self.title, theme=theme(), suppress_callback_warning=True)
        )
        return page.replace("</head>", f"<style>{_PAGE_CSS}</style></head>", 1)

    def save(self, path: str | Path) -> Path:
        """Write it as `.html`, or as `.png` with a Chromium that is installed; whole or not at all.

        Raises:
            OptionError: Another suffix, or no browser for a PNG.
        """
        target = Path(path)
        if target.suffix not in (".html", ".png"):
            raise OptionError(
                f"{target} is neither .html nor .png.", "Give a name that ends in one of these."
            )
        draft = target.with_name(f".{target.name}.part")
        try:
            if target.suffix == ".html":
                draft.write_text(self.html(), encoding="utf-8")
            else:
                self._photograph(draft)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        return target

    def _photograph(self, target: Path) -> None:
        browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
        if browser is None:
            raise OptionError(
                "A PNG needs a Chromium, and there is none here.", "Install it, or save as .html."
            )
        with tempfile.TemporaryDirectory(prefix="tarn-picture-") as folder:
            page, shot = Path(folder) / "page.html", Path(folder) / "shot.png"
            page.write_text(self.html(), encoding="utf-8")
            command = [
                browser,
                "--headless=new",
                "--no-sandbox",
                "--hide-scrollbars",
                "--virtual-time-budget=5000",
                f"--user-data-dir={folder}/profile",
                f"--window-size={_WIDTH},{_TALLEST}",
                f"--screenshot={shot}",
                page.as_uri(),
            ]
            done = subprocess.run(command, capture_output=True, timeout=_BROWSER_SECONDS, check=False)
            if done.returncode or not shot.is_file():
                raise OptionError(f"{browser} made no picture of it.", "Save as .html instead.")
            _without_the_empty_end(shot, target)

    def _repr_html_(self) -> str:
        frame = f"width='100%' height='{self._height}' style='border:0'"
        return f"<iframe {frame} srcdoc='{escape(self.html(), quote=True)}'></iframe>"

    def __repr__(self) -> str:
        return f"Picture({self.title!r}: .save('NAME.html') or .save('NAME.png'))"


_PAGE_CSS = f"body {{ margin: 20px; background: {GROUND}; }}"


def _without_the_empty_end(shot: Path, target: Path) -> None:
    """Copy a PNG but for the rows of nothing at its end."""
    from PIL import Image, ImageChops

    with Image.open(shot) as image:
        whole = image.convert("RGB")
    empty = Image.new("RGB", whole.size, whole.getpixel((0, whole.height - 1)))
    box = ImageChops.difference(whole, empty).getbbox()
    bottom = whole.height if box is None else min(whole.height, box[3] + _MARGIN)
    whole.crop((0, 0, whole.width, bottom)).save(target, format="PNG")


def study_picture(
    name: str, metric: str, *, maximise: bool, trials: Sequence[TrialFigures], seconds: float = 0.0
) -> Picture:
    """What the page of studies shows, of one study: trials, curves, parallel coordinates, what mattered.

    Args:
        name: The study's.
        metric: What its trials are compared by.
        maximise: Whether more of it is better.
        trials: All of them.
        seconds: How long the study took.
    """
    from engine.dashboard.pages.studies import StudiesPage

    study = StudyView(name, StudyStarted(name, name, "", metric, maximise, len(trials)), "finished")
    study.finished = StudyFinished(name, len(trials), None, None, seconds)
    most = max((len(one.curve) for one in trials), default=0)
    study.trials = {
        one.number: TrialView(
            one.number,
            one.params,
            "stopped" if (reason := _why_it_ended(one, most)) else "finished",
            one.score,
            max(one.rounds, len(one.curve)),
            one.seconds,
            one.rungs - 1,
            reason,
            curve=list(one.curve),
        )
        for one in trials
    }
    views = Views()
    views.studies.by_id[name] = study
    page = StudiesPage()
    page.show(page.columns(views, 0.0))
    page.root.children = page.alone()
    return Picture(page.root, f"Study {name}")


def _why_it_ended(trial: TrialFigures, most: int) -> str:
    """The reason in the words of the event log; empty for a trial that had all its rounds."""
    if trial.status == "complete":
        return "patience" if len(trial.curve) < most else ""
    return {"paused": "not promoted", "stopped": "pruned", "cut": "time"}.get(trial.status, trial.status)


def model_picture(
    title: str,
    metrics: Mapping[str, float],
    *,
    rows: int,
    importance: Mapping[str, float],
    roc: tuple[npt.NDArray[Any], npt.NDArray[Any]] | None = None,
    calibration: tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]] | None = None,
    confusion: tuple[npt.NDArray[Any], Sequence[str]] | None = None,
    sample: npt.NDArray[Any] | None = None,
    parity: Mapping[str, Any] | None = None,
) -> Picture:
    """A model's quality: metrics, curves, importance, and how its ONNX graph compares with XGBoost.

    Args:
        title: Of the picture.
        metrics: On the test rows, by name.
        rows: How many test rows.
        importance: Share of the gain by feature, the largest first.
        roc: False-positive and true-positive rates.
        calibration: Mean predicted probability, observed share, and rows of each bin.
        confusion: Rows by class and predicted class, [C, C], and the classes.
        sample: Predicted and observed amounts, [K, 2].
        parity: A parity report as JSON.
    """
    from bokeh.layouts import column

    from engine.dashboard import model_figures as figures
    from engine.dashboard.kit import beside, tile_text, tiles

    head = tiles()
    head.text = tile_text([("Model", title), ("Test rows", f"{rows:,}"), *_spoken(metrics, parity)])
    upper = [figures.roc_figure(roc, metrics)] if roc is not None else []
    upper += [figures.calibration_figure(calibration)] if calibration is not None else []
    upper += [figures.confusion_figure(*confusion)] if confusion is not None else []
    if sample is not None and len(sample):
        upper += [figures.amounts_figure(sample), figures.errors_figure(sample)]
    parts = [
        head,
        beside(*(upper or [figures.metrics_figure(metrics)])),
        figures.importance_figure(importance),
    ]
    if parity is not None:
        parts += figures.parity_table(parity)
    return Picture(column(*parts, sizing_mode="stretch_width", spacing=12), title, 1100)


def _spoken(metrics: Mapping[str, float], parity: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    figures = [(name, f"{value:.5f}") for name, value in metrics.items()]
    if parity is not None:
        figures.append(("Parity of ONNX", "passed" if parity["passed"] else "failed"))
    return figures
