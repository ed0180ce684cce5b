"""Files of results: written, read, summed up, compared, reported."""

from __future__ import annotations

import json
import os
import platform
import statistics
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.compare import compare_results
from benchmarks.launch import ROOT, Side
from benchmarks.record import Circumstances, Recorder, Results, Sample, describe_run, read_results
from benchmarks.report import latest_results, write_report
from benchmarks.summary import (
    by_side,
    format_seconds,
    median_seconds,
    median_stages,
    noise,
    pairwise,
    sure_median,
)
from engine.errors import FormatError, OptionError

HERE = Circumstances("2026-01-02T03:04:05+00:00", {"cores": 2}, {"ours": {"python": "3.11"}}, "abc")
SECONDS = st.lists(st.floats(1e-4, 1e4), min_size=1, max_size=9)


def series(seconds: list[float], *, case: str = "pool/start", side: str = "ours") -> list[Sample]:
    return [
        Sample(case, side, number, value, 2 * value, 2**20, {"workers": 2}, {"value": 1}, {})
        for number, value in enumerate(seconds)
    ]


def wrong(side: str = "ours") -> Sample:
    return Sample("pool/start", side, 0, 0.1, 0.1, 1, {}, {}, {}, problem="off by one")


def results(*samples: Sample, name: str = "one", told: Circumstances = HERE) -> Results:
    return Results(name, told, samples)


# -- files -----------------------------------------------------------------------------------------------


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "one.jsonl"
    recorder = Recorder(path, HERE)
    samples = [*series([1.0, 2.0]), wrong()]
    for number, sample in enumerate(samples):
        recorder.add(sample)
        assert len(path.read_text().splitlines()) == number + 2, "a run broken off keeps what it has"
    recorder.close()
    assert read_results(path) == results(*samples)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "not json", '{"format": 2}', '{"format": 1}\n{"case": "x"}']
)
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_text(text)
    with pytest.raises(FormatError, match="odd"):
        read_results(path)
    with pytest.raises(FormatError, match="nowhere"):
        read_results(tmp_path / "nowhere")


def test_circumstances_tell_versions_and_machine_but_not_whose(tmp_path: Path) -> None:
    import sys

    import pandas

    told = describe_run([Side("ours", Path(sys.executable))])
    assert told.versions["ours"]["pandas"] == pandas.__version__
    assert told.versions["ours"]["python"] == platform.python_version()
    assert told.machine["cores"] == len(os.sched_getaffinity(0))
    Recorder(tmp_path / "r", told).close()
    text = (tmp_path / "r").read_text()
    assert platform.node() not in text
    assert str(ROOT) not in text
    assert str(Path.home()) not in text


def test_the_latest_file_of_each_suite_is_reported(tmp_path: Path) -> None:
    for name in ("pool-20260101T000000", "pool-20260102T000000", "loop-20250101T000000"):
        (tmp_path / f"{name}.jsonl").touch()
    assert {path.stem for path in latest_results(tmp_path)} == {
        "pool-20260102T000000",
        "loop-20250101T000000",
    }
    with pytest.raises(OptionError):
        latest_results(tmp_path / "empty")


# -- sums ------------------------------------------------------------------------------------------------


@given(left=SECONDS, right=SECONDS)
def test_ratios_are_pairwise(left: list[float], right: list[float]) -> None:
    ratio = pairwise(series(left), series(right))
    expected = [above / below for above, below in zip(left, right, strict=False)]
    assert ratio is not None
    assert (ratio.low, ratio.high) == (min(expected), max(expected))
    assert ratio.median == statistics.median(expected)
    assert ratio.settled == (all(one > 1 for one in expected) or all(one < 1 for one in expected))


@given(values=SECONDS)
def test_a_series_against_itself(values: list[float]) -> None:
    ratio = pairwise(series(values), series(values))
    assert ratio is not None
    assert (ratio.low, ratio.median, ratio.high) == (1, 1, 1)
    assert median_seconds(series(values)) == statistics.median(values)
    found = noise(series(values))
    assert (found is None) == (len(values) == 1)
    assert found is None or found >= 1


def test_pairs_are_by_repetition_not_by_place() -> None:
    ratio = pairwise(series([10.0, 3.0]), series([99.0, 1.0])[1:])
    assert ratio is not None
    assert ratio.median == 3
    assert pairwise(series([1.0]), series([1.0, 1.0])[1:]) is None


def test_the_median_is_between_two_pairs_with_95_percent() -> None:
    """Oracle: the table of order statistics in any textbook of nonparametric statistics."""
    ranks = {6: (1, 6), 8: (1, 8), 9: (2, 8), 10: (2, 9), 20: (6, 15), 40: (14, 27)}
    for count, expected in ranks.items():
        assert sure_median(range(count, 0, -1)) == expected
    assert sure_median(range(5)) is None


def test_noise_is_the_step_between_neighbours() -> None:
    assert noise(series([1.0, 2.0, 1.0, 2.0])) == pytest.approx(2)
    assert noise(series([3.0, 3.0, 3.0])) == pytest.approx(1)


def test_wrong_answers_have_no_time() -> None:
    assert list(by_side([*series([1.0]), wrong("theirs")])) == [("pool/start", "ours")]


def test_stages_are_summed_up_apart() -> None:
    samples = [
        Sample("loop/demo", "ours", number, 1.0, 1.0, 1, {}, {}, {"read": value, "train": 2.0})
        for number, value in enumerate([1.0, 5.0, 3.0])
    ]
    assert median_stages(samples) == {"read": 3.0, "train": 2.0}


@pytest.mark.parametrize(("seconds", "text"), [(12.345, "12.3 s"), (0.0123, "12.3 ms"), (1.0, "1 s")])
def test_times_have_the_digits_that_matter(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


# -- compare and report ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ([1.0, 1.02, 0.99], [2.0, 2.1, 1.9], "slower"),
        ([1.0, 1.02, 0.99], [0.5, 0.52, 0.49], "faster"),
        ([1.0, 1.1, 0.9], [1.05, 1.0, 0.95], "same"),
        ([1.0, 2.0, 1.0], [1.2, 2.4, 1.2], "same"),  # all pairs agree, but less than the noise
        ([1.0], [2.0], "too few repetitions"),
    ],
)
def test_only_what_exceeds_the_noise_is_a_change(
    before: list[float], after: list[float], verdict: str
) -> None:
    table = compare_results(results(*series(before)), results(*series(after), name="two"))
    row = next(line for line in table.splitlines() if line.startswith("| pool/start"))
    assert row.endswith(f"| {verdict} |")


def test_what_cannot_be_compared_is_told() -> None:
    told = Circumstances("later", {"cores": 4}, {"ours": {"python": "3.12"}}, None)
    before = results(*series([1.0, 1.0]), *series([1.0], side="theirs"))
    after = results(*series([1.0, 1.0], case="pool/new"), wrong(), name="two", told=told)
    table = compare_results(before, after)
    for words in (
        "Other machine",
        "python of side ours: A 3.11, B 3.12.",
        "pool/start on side theirs is in A alone.",
        "pool/new on side ours is in B alone.",
        "pool/start on side ours went wrong in B: off by one",
    ):
        assert words in table


def test_other_parameters_are_no_change() -> None:
    after = [
        Sample(**{**json.loads(json.dumps(vars_of(sample))), "parameters": {"workers": 4}})
        for sample in series([2.0, 2.0])
    ]
    assert "| other parameters |" in compare_results(results(*series([1.0, 1.0])), results(*after))


def vars_of(sample: Sample) -> dict[str, object]:
    return {name: getattr(sample, name) for name in Sample.__slots__}


def test_a_report_is_a_page_with_a_chart(tmp_path: Path) -> None:
    page = tmp_path / "deep" / "report.md"
    theirs = series([2.0, 3.0, 4.0], side="theirs")
    text = write_report([results(*series([1.0, 1.0, 1.0]), *theirs, wrong("theirs"))], page)
    assert page.read_text() == text
    assert "| pool/start | theirs | 3 s | 2 s - 4 s | 6 s | 1 MiB | 3.00 (2.00 - 4.00) |" in text
    assert "WRONG: pool/start on side theirs: off by one" in text
    chart = page.with_suffix(".svg").read_text()
    assert chart.lstrip().startswith("<?xml")
    assert "report.svg" in text
    write_report([results(*series([1.0]))], tmp_path / "alone.md")
    assert not (tmp_path / "alone.svg").exists(), "no peer, no chart"
