"""Pictures of studies and models, `tarn top`, metrics and structured logs."""

from __future__ import annotations

import io
import json
import logging
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import missing
from made_log import Maker, whole_log
from prometheus_client.parser import text_string_to_metric_families

from engine.cli import main
from engine.dashboard.plots import Picture, model_picture, study_picture
from engine.dashboard.views import Views
from engine.dashboard.views.metrics import metric_lines
from engine.errors import OptionError
from engine.events import EventLog, StageStarted, StepFinished, open_log, structured_logs
from engine.ml.calibration import calibration_of


@dataclass(frozen=True)
class Tried:
    number: int
    params: dict[str, Any]
    score: float
    rounds: int = 20
    seconds: float = 1.0
    curve: tuple[float, ...] = field(default=(0.5, 0.6, 0.7))
    status: str = "complete"
    rungs: int = 1


@pytest.fixture
def study() -> Picture:
    trials = [Tried(at, {"eta": 0.01 * (at + 1), "max_depth": at % 5}, at / 20) for at in range(20)]
    return study_picture("tip", "auc", maximise=True, trials=trials)


def quality(**options: Any) -> Picture:
    falls = np.linspace(0, 1, 50_000)
    parity = {
        "passed": True, "rows": 100, "max_abs_diff": 1e-7,
        "probes": [
            {"name": "sampled rows", "against": "XGBoost", "rows": 100, "allowed": 1e-6, "max_abs_diff": 1e-7,
             "labels_flipped": 0, "note": "<script>alert(1)</script>"}
        ],
    }  # fmt: skip
    bins = (np.array([0.1, 0.9]), np.array([0.12, 0.88]), np.array([10.0, 20.0]))
    return model_picture(
        "classifier of tipped", {"auc": 0.9}, rows=30, importance={"fare": 0.7, "hour": 0.3},
        roc=(falls, np.sqrt(falls)), calibration=bins, parity=parity, **options,
    )  # fmt: skip


def test_pictures_save_to_html_that_needs_nothing_else(study: Picture, tmp_path: Path) -> None:
    for name, picture in (("study", study), ("model", quality())):
        text = picture.save(tmp_path / f"{name}.html").read_text()
        assert not re.search(r"<(script|link)[^>]+(src|href)=", text)
        assert len(text) > 100_000
    assert "Parity of the ONNX graph" in text
    assert "<script>alert" not in text
    assert "Learning curves" in (tmp_path / "study.html").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.html", "study.html"]


def test_a_model_of_classes_shows_confusion_and_one_of_amounts_its_errors() -> None:
    confusion = np.array([[9.0, 1.0], [2.0, 6.0]])
    classes = model_picture(
        "m", {"mlogloss": 0.4}, rows=18, importance={"x": 1.0}, confusion=(confusion, ["a", "b"])
    )
    assert "taken for" in classes.html()
    sample = np.column_stack([np.arange(50.0), np.arange(50.0) + 1])
    amounts = model_picture("m", {"rmse": 1.0}, rows=50, importance={"x": 1.0}, sample=sample)
    assert "Predicted and observed of 50 test rows" in amounts.html()
    assert "Metrics on the test rows" not in classes.html() + amounts.html()


def test_a_curve_of_many_points_is_thinned() -> None:
    assert len(quality().html()) < len(study_picture("x", "auc", maximise=True, trials=[]).html()) + 200_000


def test_other_suffixes_and_a_missing_browser_are_refused(
    study: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OptionError, match="neither"):
        study.save(tmp_path / "study.pdf")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OptionError, match="Chromium"):
        study.save(tmp_path / "study.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_a_picture_saves_to_png(tmp_path: Path) -> None:
    from PIL import Image

    image = Image.open(quality().save(tmp_path / "model.png"))
    assert image.width == 1280
    assert 500 < image.height < 1100  # as high as what is on it
    assert len(image.convert("RGB").getcolors(1 << 24) or []) > 100  # something is drawn on it


def test_calibration_is_what_counting_rows_gives() -> None:
    draw = np.random.default_rng(5)
    margin = draw.normal(size=40_000)
    probability = 1 / (1 + np.exp(-margin))
    label = draw.random(40_000) < probability
    edges = np.linspace(-16, 16, 65_537)
    histogram = np.stack([np.histogram(margin[label == side], edges)[0] for side in (0, 1)])
    predicted, observed, rows = calibration_of(histogram, 16.0, bins=10)
    place = np.minimum((probability * 10).astype(int), 9)
    for at, one in enumerate(np.unique(place)):
        inside = place == one
        assert rows[at] == pytest.approx(inside.sum(), rel=5e-3)  # rows on a bin's edge
        assert predicted[at] == pytest.approx(probability[inside].mean(), abs=1e-3)
        assert observed[at] == pytest.approx(label[inside].mean(), abs=5e-3)


def test_metrics_are_prometheus_text() -> None:
    views = Views()
    views.take(whole_log())
    families = {family.name: family for family in text_string_to_metric_families(metric_lines(views))}
    states = {sample.labels["state"]: sample.value for sample in families["tarn_requests"].samples}
    assert (states["finished"], states["failed"], states["running"]) == (37, 3, 1)
    assert families["tarn_pool_workers"].samples[0].value == 2
    assert {sample.labels["job"] for sample in families["tarn_scoring_rows"].samples} == {"job-1", "job-2"}
    assert metric_lines(Views()).count("tarn_pool") == 0


def test_top_prints_what_there_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(str(tmp_path))
    for entry in Maker().query(1):
        log.bind(pool="dw")(entry.event)
    log.flush()
    monkeypatch.setenv("COLUMNS", "140")
    assert main(["top", "--home", str(tmp_path), "--once"]) == 0
    out = capsys.readouterr().out
    assert "Queries" in out
    assert "finished" in out
    assert main(["top", "--home", str(tmp_path / "nowhere"), "--once"]) == 1


def test_structured_logs_carry_the_ids(tmp_path: Path) -> None:
    stream = io.StringIO()
    handler = structured_logs(stream)
    try:
        log: EventLog = open_log(str(tmp_path))
        log.bind(run="r1", pool="dw")(StepFinished("q7", "scan", rows=3))
        logging.getLogger("engine.some").warning("watch %s", "out")
        try:
            raise ValueError("no")
        except ValueError:
            logging.getLogger("pools.some").exception("it failed")
    finally:
        for name in ("tarn", "engine", "pools", "distributed"):
            logging.getLogger(name).removeHandler(handler)
        logging.getLogger("tarn.events").setLevel(logging.WARNING)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert {name: lines[0][name] for name in ("run", "pool", "request", "step")} == {
        "run": "r1", "pool": "dw", "request": "q7", "step": "scan",
    }  # fmt: skip
    assert (lines[1]["message"], lines[1]["level"]) == ("watch out", "WARNING")
    assert "ValueError: no" in lines[2]["error"]
    log(StageStarted("quiet"))
    assert len(stream.getvalue().splitlines()) == 3
