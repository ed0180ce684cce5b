"""The event log: what is written is read, by whom and whenever, once."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import pickle
import signal
import subprocess
import sys
import threading
import typing
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events import (
    Event,
    EventLog,
    EventsLost,
    MemoryLog,
    NodeShare,
    NullLog,
    PlanMade,
    PlanStep,
    RunFinished,
    RunStarted,
    StageFinished,
    StageProgress,
    StageStarted,
    StepFinished,
    TrialFinished,
    TrialStarted,
    Unknown,
    UnknownKindError,
    kinds,
    open_log,
    running,
    silent,
)
from engine.events.record import revive
from engine.progress import show
from engine.recorded import _settings

STEP = StepFinished(
    "q1",
    "scan",
    move="Shuffle",
    rows=3,
    bytes=24,
    seconds=0.5,
    nodes=(NodeShare("a", 1, 8, 0.5), NodeShare("b", 2, 16, 0.1)),
)


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    return open_log(str(tmp_path / "lake"))


def test_what_is_emitted_is_read_with_its_run_and_pool(log: EventLog) -> None:
    log.bind(run="r1", pool="dw")(STEP)
    log(TrialStarted("s", 0, {"eta": 0.1, "max_depth": 6}))
    first, second = log.read()
    assert (first.event, first.run, first.pool, first.seq) == (STEP, "r1", "dw", 0)
    assert second.event == TrialStarted("s", 0, {"eta": 0.1, "max_depth": 6})
    assert first.time <= second.time


def test_bound_emitters_keep_what_is_not_named_anew() -> None:
    log = MemoryLog()
    log.bind(run="r", pool="p").bind(run="q")(StageStarted("x"))
    assert [(entry.run, entry.pool) for entry in log.entries] == [("q", "p")]
    assert log.events == [StageStarted("x")]


def test_fakes_take_records_too() -> None:
    NullLog().bind(run="r")(STEP)
    NullLog()(STEP)
    silent(STEP)


def test_no_record_can_make_the_worker_of_the_work_fail(log: EventLog) -> None:
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError("cannot be told")

    log(TrialStarted("s", 0, {"odd": Odd()}))
    log(StageStarted("after"))
    kinds_read = [entry.kind for entry in log.read()]
    assert kinds_read == ["stage_started", "events_lost"]


def test_what_a_folder_does_not_take_waits_and_what_is_too_much_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.events.writer._MOST_WAITING", 5)
    home = tmp_path / "lake"
    home.write_text("a file where a folder should be")
    log = open_log(str(home))
    for at in range(8):
        log(StageStarted(str(at)))
    log.flush()
    home.unlink()
    log(StageStarted("one too many"))
    log.flush()
    log(StageStarted("kept"))
    told = [getattr(entry.event, "stage", entry.event) for entry in log.read()]
    assert told == ["0", "1", "2", "3", "4", EventsLost(4, told[5].reason), "kept"]


_ON_A_FULL_DISK = """
import resource, sys, threading
from engine.events import open_log, StageStarted
log = open_log(sys.argv[1])
most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for round in range(4):  # the kernel takes a part of a batch, then nothing
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000 * (round + 1), most))
    for at in range(50): log(StageStarted(f"{round} {at}"))
    log.flush()
print(len(log.read()))
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
log.flush()
print(len(log.read()))
"""


def test_a_full_disk_delays_records_and_tears_none(log: EventLog, tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _ON_A_FULL_DISK, str(tmp_path / "lake")],
        check=True,
        capture_output=True,
        text=True,
    )
    taken, in_all = map(int, told.stdout.split())
    assert 40 < taken < 200 == in_all
    assert told.stderr.count("cannot be written") == 1
    assert log.to_pandas("stage_started")["stage"].to_list() == [
        f"{number} {at}" for number in range(4) for at in range(50)
    ]


def test_a_clock_that_is_set_back_changes_no_order(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.dashboard.views import Views

    times = iter([1000.0, 1010.0, 400.0, 410.0])
    emit = log.bind(run="r")
    with monkeypatch.context() as clock:
        clock.setattr("engine.events.log.time.time", lambda: next(times))
        for event in (
            RunStarted("tune", "tune"),
            StageStarted("fit"),
            StageFinished("fit", 5.0),
            RunFinished("finished", 20.0),
        ):
            emit(event)
    entries = log.read()
    assert [entry.time for entry in entries] == [1000.0, 1010.0, 400.0, 410.0]
    views = Views()
    views.take(entries)
    assert (views.runs.by_id["r"].status, views.runs.by_id["r"].lasted(2000.0)) == ("finished", 20.0)


def test_where_no_file_can_be_made_nothing_fails(tmp_path: Path) -> None:
    home = tmp_path / "lake"
    first = open_log(str(home))
    first(StageStarted("kept"))
    first.archive()
    (home / "events").rename(home / "kept")
    (home / "events").symlink_to("/proc/self")  # nobody can make a file there, whoever runs this
    log = EventLog(str(home))
    log(StageStarted("waits"))
    log.archive()
    assert log.read() == []
    (home / "events").unlink()
    (home / "kept").rename(home / "events")
    assert [entry.event for entry in log.read()] == [StageStarted("kept"), StageStarted("waits")]


def test_numbers_that_json_does_not_know_become_null(log: EventLog) -> None:
    import numpy as np

    log(TrialFinished("s", np.int64(3), float("nan"), 5, seconds=np.float64(1.5)))  # type: ignore[arg-type]
    assert log.to_pandas("trial_finished").iloc[0][["trial", "seconds"]].to_list() == [3, 1.5]
    assert pd.isna(log.to_pandas("trial_finished").iloc[0]["score"])


def test_several_processes_write_one_log(log: EventLog) -> None:
    def write(number: int) -> None:
        for trial in range(200):
            log(TrialFinished(f"s{number}", trial, 0.5, 1))
        log.flush()

    log(StageStarted("parent"))
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=write, args=(number,)) for number in range(3)]
    threads = [threading.Thread(target=write, args=(9,))]
    for one in [*children, *threads]:
        one.start()
    for one in [*children, *threads]:
        one.join()
    found = log.to_pandas("trial_finished")
    assert len(found) == 800
    assert found.groupby("study")["trial"].apply(lambda numbers: sorted(numbers) == list(range(200))).all()


def test_a_killed_writers_records_can_be_read_and_put_away(log: EventLog, tmp_path: Path) -> None:
    code = (
        "import sys, os, signal\n"
        "from engine.events import open_log, StageStarted\n"
        "log = open_log(sys.argv[1])\n"
        "for at in range(500): log(StageStarted(str(at)))\n"
        "log.flush()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path / "lake")], check=False)
    assert ended.returncode == -signal.SIGKILL
    (segment,) = (tmp_path / "lake/events/_live").iterdir()
    with segment.open("ab") as file:
        file.write(b'{"segment":"x","seq":500,"time":"2026-')  # as a disk that lost its power leaves it
    assert len(log.read()) == 500
    log(StageStarted("of another"))
    log.archive()
    assert list((tmp_path / "lake/events/_live").iterdir()) == []
    assert len(log.read()) == len(log.to_arrow()) == 501


def test_text_that_is_no_unicode_is_put_away_too(log: EventLog) -> None:
    log(StageStarted("a file named \udcff"))  # as Python reads names of other encodings
    log(StageStarted("after"))
    log.archive()
    first, second = log.to_pandas("stage_started")["stage"]
    assert first.startswith("a file named ")
    assert second == "after"


def test_a_tail_gives_each_entry_once_whatever_is_put_away_meanwhile(log: EventLog) -> None:
    tail = log.tail()
    seen = []
    for at in range(40):
        log(StageStarted(str(at)))
        if at % 3 == 0:
            log.flush()
            seen += tail.read()
        if at % 2 == 0:
            log.archive()
    log.flush()
    seen += tail.read()
    assert sorted(int(entry.event.stage) for entry in seen) == list(range(40))  # type: ignore[attr-defined]
    assert tail.read() == []


def test_small_files_are_merged_and_none_is_lost(log: EventLog, tmp_path: Path) -> None:
    for at in range(40):
        log(StageStarted(str(at)))
        log.archive()
    assert len(list((tmp_path / "lake/events").glob("*.parquet"))) < 17
    assert sorted(map(int, log.to_pandas("stage_started")["stage"])) == list(range(40))


def test_the_oldest_files_go_when_the_log_is_large(
    log: EventLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.events.archive.KEPT_BYTES", 12_000)
    for at in range(10):
        log(StageStarted(str(at)))
        log.archive()
    files = list((tmp_path / "lake/events").glob("*.parquet"))
    assert 0 < sum(file.stat().st_size for file in files) <= 12_000
    assert log.to_pandas("stage_started")["stage"].to_list()[-1] == "9"


def test_one_line_of_pandas_and_one_of_duckdb_read_it(log: EventLog, tmp_path: Path) -> None:
    log(STEP)
    log.flush()
    live = duckdb.sql(f"SELECT kind, data.rows FROM '{tmp_path}/lake/events/_live/*.jsonl'").fetchall()
    log.archive()
    frame = pd.read_parquet(tmp_path / "lake/events")
    put_away = duckdb.sql(f"SELECT kind, data->>'rows' FROM '{tmp_path}/lake/events/*.parquet'").fetchall()
    assert live == [("step_finished", 3)]
    assert put_away == [("step_finished", "3")]
    assert json.loads(frame["data"][0])["nodes"][1] == {"node": "b", "rows": 2, "bytes": 16, "seconds": 0.1}


def test_a_misspelt_kind_is_told_of_with_those_near_it(log: EventLog) -> None:
    log(StageStarted("prepare"))
    with pytest.raises(UnknownKindError, match=r"'stage_startd'.*Near it: stage_started") as refused:
        log.to_pandas("stage_startd")
    assert refused.value.data == {"kind": "stage_startd"}
    assert len(log.to_pandas("stage_started")) == 1
    none_yet = log.to_pandas("trial_failed")  # a kind that there is, and of which there is none yet
    assert len(none_yet) == 0
    assert {"time", "run", "study", "trial", "error"} <= set(none_yet.columns)


def test_a_home_that_is_a_url(request: pytest.FixtureRequest) -> None:
    log = open_log(f"memory://{request.node.name}")
    log(STEP)
    assert [entry.event for entry in log.read()] == [STEP]
    log.archive()
    log(StageStarted("x"))
    assert [entry.kind for entry in log.read()] == ["step_finished", "stage_started"]
    assert len(log.to_arrow()) == 2


def test_a_process_has_one_log_of_a_home_and_may_send_it(log: EventLog, tmp_path: Path) -> None:
    assert open_log(str(tmp_path / "lake")) is log
    assert pickle.loads(pickle.dumps(log)) is log


def test_records_of_other_releases_are_kept_as_they_were(log: EventLog) -> None:
    assert revive("rocket_launched", 1, {"to": "moon"}) == Unknown("rocket_launched", {"to": "moon"})
    assert isinstance(revive("stage_started", 99, {"stage": "x"}), Unknown)
    assert revive("stage_started", 1, {"stage": "x", "added_later": 1}) == StageStarted("x")
    assert isinstance(revive("trial_finished", 1, {"study": "s"}), Unknown)


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_SIMPLE: dict[typing.Any, st.SearchStrategy[typing.Any]] = {
    str: _TEXT,
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    type(None): st.none(),
    typing.Any: st.one_of(_TEXT, st.integers(0, 9), st.booleans(), st.none()),
}


def _values(kind: typing.Any) -> st.SearchStrategy[typing.Any]:
    arguments, origin = typing.get_args(kind), typing.get_origin(kind)
    if kind in _SIMPLE:
        made = _SIMPLE[kind]
    elif origin is tuple and arguments[-1] is Ellipsis:
        made = st.lists(_values(arguments[0]), max_size=3).map(tuple)
    elif origin is tuple:
        made = st.tuples(*map(_values, arguments))
    elif isinstance(origin, type) and issubclass(origin, typing.Mapping):
        made = st.dictionaries(_TEXT, _values(arguments[1]), max_size=3)
    else:
        made = st.one_of(*map(_values, arguments)) if arguments else _records(kind)
    return made


def _records(kind: type) -> st.SearchStrategy[typing.Any]:
    hints = {
        name: value
        for name, value in typing.get_type_hints(kind).items()
        if typing.get_origin(value) is not typing.ClassVar
    }
    return st.builds(kind, **{name: _values(hint) for name, hint in hints.items()})


_ALL = sorted(set(kinds().values()) - {Unknown}, key=lambda kind: kind.kind)


@given(st.sampled_from(_ALL).flatmap(_records))
def test_every_kind_of_record_comes_back_as_it_was(event: Event) -> None:
    said = json.loads(json.dumps(event.data()))
    assert revive(event.kind, event.version, said) == event


def test_a_bar_within_a_stage_of_its_name_is_that_stage() -> None:
    log = MemoryLog()
    with running(log, "demo", verb="demo") as run, run.stage("ingest"):
        with show("ingest", 2, visible=False) as bar:
            bar.advance(2)
        with run.stage("ingest more"):
            pass
    told = [event for event in log.events if isinstance(event, StageStarted | StageProgress | StageFinished)]
    assert [(type(event).__name__, event.stage) for event in told] == [
        ("StageStarted", "ingest"),
        ("StageProgress", "ingest"),
        ("StageStarted", "ingest more"),
        ("StageFinished", "ingest more"),
        ("StageFinished", "ingest"),
    ]


def test_settings_of_a_run_are_told_in_a_line_each() -> None:
    import dask.dataframe as dd
    from optuna.distributions import FloatDistribution

    frame = pd.DataFrame({"name": ["x"], "fare": [1.5]})
    told = _settings({"self": 0, "frame": frame, "far": dd.from_pandas(frame, npartitions=1)})
    assert told == {
        "frame": "DataFrame of 1 rows: name, fare",
        "far": "DataFrame of 1 partitions: name, fare",
    }
    space = {"eta": FloatDistribution(0.01, 0.3, log=True)}
    assert _settings({"space": space}) == {"space": {"eta": "0.01 .. 0.3 log"}}


def test_every_kind_is_public() -> None:
    import engine.events

    assert {kind.__name__ for kind in _ALL} <= set(engine.events.__all__)
    assert PlanMade.parts == {"steps": PlanStep}


@pytest.mark.usefixtures("no_leaks")
def test_the_writers_thread_ends_by_itself(tmp_path: Path) -> None:
    others = set(threading.enumerate())
    log = open_log(str(tmp_path))
    log(StageStarted("x"))
    assert len(log.read()) == 1
    assert _open_below(tmp_path)
    del log
    import gc

    for thread in threading.enumerate():
        if thread.name == "tarn-events" and thread not in others:
            thread.join(10)
    gc.collect()
    assert _open_below(tmp_path) == []


def _open_below(folder: Path) -> list[str]:
    """Files below a folder that this process holds open; others of its tests may open more meanwhile."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(str(descriptor.readlink()))
    return [path for path in found if path.startswith(str(folder))]
