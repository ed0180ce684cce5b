"""What the pages show, as pure functions of events: no Bokeh, no clock, no file."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_log import RUNGS, START, Maker, whole_log

from engine.dashboard.feed import Feed
from engine.dashboard.views import Views
from engine.dashboard.views.pairs import compared, likely_pair, partner, stage_pairs
from engine.dashboard.views.params import importance, parallel_lines
from engine.dashboard.views.pools import pool_rows, pool_series, task_rows, worker_rows
from engine.dashboard.views.queries import query_rows, query_totals, share_rows, skew, step_rows
from engine.dashboard.views.runs import run_rows, setting_rows, stage_rows, told, worker_seconds
from engine.dashboard.views.scoring import job_series, reason_rows, score_shares
from engine.dashboard.views.studies import curve_lines, curve_span, rung_rows, score_series, trial_rows
from engine.events import (
    Entry,
    PartitionScored,
    RunFinished,
    RunStarted,
    ScoringFinished,
    ScoringStarted,
    ScoringStopped,
    StageFinished,
    StageStarted,
    StudyStarted,
    TrialFinished,
    TrialStarted,
    open_log,
)


@pytest.fixture(scope="module")
def views() -> Views:
    views = Views()
    views.take(whole_log())
    return views


def test_taking_entries_piece_by_piece_shows_what_taking_them_at_once_does(views: Views) -> None:
    entries, piecewise = whole_log(), Views()
    cuts = sorted(random.Random(3).sample(range(len(entries)), 40))
    for first, last in zip([0, *cuts], [*cuts, len(entries)], strict=True):
        piecewise.take(entries[first:last])
    assert piecewise == views


def test_the_views_need_no_bokeh() -> None:
    code = "import sys, engine.dashboard.views; sys.exit('bokeh' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_pools_by_their_state_with_what_they_used(views: Views) -> None:
    rows = pool_rows(views.pools)
    assert rows["name"] == ["dw", "explore"]
    assert rows["state"] == ["running", "closed"]
    assert rows["workers"] == ["2 of 2", "0 of 2"]
    assert rows["read"] == [3e6 * 299, 3e6 * 59]
    pool = views.pools.by_name["dw"]
    series = pool_series(pool)
    assert len(series["time"]) == 300
    assert series["memory"] == [row[4] for row in pool.samples]
    assert worker_rows(pool)["worker"] == ["dw-0", "dw-1"]
    assert task_rows(pool)["name"][0] == "boost"
    assert task_rows(pool)["compute"][0] == pytest.approx(450)


def test_lines_and_areas_break_where_there_was_no_pool() -> None:
    make, views = Maker(), Views()
    entries = [*make.pool(1)]
    make.time += 600
    views.take([*entries, *make.pool(1)])
    series = pool_series(views.pools.by_name["dw"])
    assert [math.isnan(value) for value in series["cpu"]] == [False, True, True, False]
    assert series["cpu_area"][1:3] == [0.0, 0.0]
    views.settle(set())  # its writer is dead
    rows = pool_rows(views.pools)
    assert (rows["state"], rows["workers"], rows["memory"]) == (["lost"], ["? of 2"], [0])
    assert worker_rows(views.pools.by_name["dw"])["worker"] == []


def test_a_later_pool_of_one_name_adds_to_the_cost() -> None:
    make, views = Maker(), Views()
    views.take([*make.pool(10, closed=True), *make.pool(5)])
    assert views.pools.by_name["dw"].worker_seconds == 2.0 * 9 + 2.0 * 4


def test_queries_newest_first_and_running_on_top(views: Views) -> None:
    rows = query_rows(views.queries, views.now)
    assert rows["id"][:3] == ["QID41", "QID42", "QID39"]
    assert rows["state"][1] == "queued"
    assert rows["queued"][1] == pytest.approx(views.now - views.queries.by_id["QID42"].submitted)
    assert rows["state"][0] == "running"
    assert rows["seconds"][0] == pytest.approx(views.now - views.queries.by_id["QID41"].started)
    assert query_rows(views.queries, 0.0, state="failed")["id"] == ["QID32", "QID21", "QID10"]
    assert query_rows(views.queries, 0.0, search="month = 11")["id"] == ["QID35", "QID23", "QID11"]
    totals = query_totals(views.queries)
    assert (totals["running"], totals["finished"], totals["failed"]) == (1, 37, 3)


def test_steps_with_their_skew(views: Views) -> None:
    query = views.queries.by_id["QID5"]
    steps = step_rows(query, 0.0)
    assert steps["step"] == ["scan", "group", "return"]
    assert steps["skew"] == [pytest.approx(0.2 * 2 / 0.3)] * 3
    assert share_rows(query)["place"][:2] == [("scan", "node 0"), ("scan", "node 1")]
    assert (skew([1.0, 1.0]), skew([]), skew([0.0])) == (1.0, 1.0, 1.0)


def test_the_best_so_far_never_gets_worse(views: Views) -> None:
    study = views.studies.by_id["study-1"]
    series = score_series(study)
    assert series["trial"] == list(range(100))
    assert series["best"] == np.maximum.accumulate(series["score"]).tolist()
    best = study.best()
    assert best is not None
    assert best.score == max(series["score"])
    assert trial_rows(study)["trial"][0] == best.number


def test_very_many_trials_are_thinned_and_every_record_stays() -> None:
    make, views = Maker(), Views()
    views.take(make.study(5_000, study="long"))
    study = views.studies.by_id["long"]
    whole, thin = score_series(study, most=10_000), score_series(study, most=200)
    assert len(whole["trial"]) == 5_000
    assert len(thin["trial"]) < 300
    assert set(thin["best"]) == set(whole["best"])


def test_rungs_count_who_reached_them_and_who_went_on(views: Views) -> None:
    rungs = rung_rows(views.studies.by_id["study-1"])
    assert rungs["rounds"] == list(RUNGS)
    assert rungs["reached"][0] == 100
    assert rungs["promoted"][:2] == rungs["reached"][1:]


def test_curves_end_with_the_best_trial(views: Views) -> None:
    study = views.studies.by_id["study-1"]
    lines = curve_lines(study, most=10)
    best = study.best()
    assert best is not None
    assert (lines["trial"][-1], lines["best"][-1]) == (best.number, True)
    assert len(lines["trial"]) == 10
    assert lines["values"][-1][-1] == best.curve[-1]


def test_what_mattered_is_what_made_the_scores() -> None:
    views, draw = Views(), random.Random(1)
    events = [StudyStarted("s", "s", "y", "auc", True, 400)]
    for trial in range(400):
        params = {"bend": draw.uniform(-1, 1), "noise": draw.random(), "kind": draw.choice("abc")}
        bonus = {"a": 0.0, "b": 0.3, "c": 0.6}[params["kind"]]
        events += [
            TrialStarted("s", trial, params),
            TrialFinished("s", trial, params["bend"] ** 2 + bonus, 5),
        ]
    views.take(Entry(event, START, segment="x", seq=at) for at, event in enumerate(events))
    shares = importance(views.studies.by_id["s"])
    found = dict(zip(shares["name"], shares["share"], strict=True))
    # var(u^2) = 4/45 and var of the bonus = 0.06: what each explains is known.
    assert found["bend"] == pytest.approx((4 / 45) / (4 / 45 + 0.06), abs=0.08)
    assert found["kind"] == pytest.approx(0.06 / (4 / 45 + 0.06), abs=0.08)
    assert found["noise"] < 0.05
    assert importance(None) == {"name": [], "share": []}


def test_parallel_lines_stay_within_their_axes(views: Views) -> None:
    axes, lines = parallel_lines(views.studies.by_id["study-1"])
    assert [axis.name for axis in axes] == ["eta", "max_depth", "subsample", "auc"]
    heights = np.array(lines["heights"])
    assert heights.min() == 0.0
    assert heights.max() == 1.0
    assert heights[-1, -1] == 1.0  # the best, drawn last
    assert parallel_lines(None)[0] == []


def test_a_job_that_runs_has_a_rate_and_a_time_left(views: Views) -> None:
    job = views.scoring.by_id["job-2"]
    assert (job.partitions, job.wanted, job.state) == (60, 100, "running")
    assert job.rate() == pytest.approx(80_000 / 0.2, rel=0.2)
    assert job.eta(job.seen) == pytest.approx((job.seen - job.started) / 60 * 40, rel=0.02)
    assert job.eta(job.seen + 100) > job.eta(job.seen) + 100  # nothing has come since
    assert sum(score_shares(job)["now"]) == pytest.approx(1.0)
    assert reason_rows(job) == {
        "reason": ["not a number"],
        "column": ["fare_amount"],
        "rows": [18],
        "sample": ["fare_amount=abc"],
    }
    series = job_series(job)
    assert series["rows"][-1] == 60 * 80_000
    assert series["rows"] == sorted(series["rows"])


def test_a_job_that_is_done_says_so(views: Views) -> None:
    job = views.scoring.by_id["job-1"]
    assert (job.state, job.eta(0.0)) == ("finished", None)
    assert job.rate() == pytest.approx(120 * 80_000 / 25.0)


def test_a_job_that_was_resumed_has_the_rate_of_what_it_did_since() -> None:
    asked = ScoringStarted("j", "tip", 1, "raw", "dbo.s", 3, 300)
    again = replace(asked, partitions=1, done=2)
    events = (
        asked,
        PartitionScored("j", "a", 100, 1.0),
        PartitionScored("j", "b", 100, 1.0),
        ScoringStopped("j", "killed", 2, 200, 2.0),
        again,
        PartitionScored("j", "c", 100, 1.0),
        ScoringFinished("j", 300, 0.5),
    )
    views = Views()
    views.take(Entry(event, START + at, segment="x", seq=at) for at, event in enumerate(events))
    job = views.scoring.by_id["j"]
    assert (job.rows, job.rate()) == (300, 100 / 0.5)


def test_runs_with_stages_and_settings(views: Views) -> None:
    rows = run_rows(views.runs, views.now)
    assert rows["id"][0] == "run-11"
    assert rows["status"].count("failed") == 2
    run = views.runs.by_id["run-3"]
    stages = stage_rows(run, views.now)
    assert stages["stage"] == ["fit features", "quantise", "trials", "register"]
    assert stages["seconds"] == pytest.approx([0.8] * 4)
    assert "space" in setting_rows(run)["name"]
    assert run_rows(views.runs, 0.0, search="tip 7")["id"] == ["run-7"]


def test_a_run_tells_of_its_models_and_where_mlflow_shows_it(views: Views) -> None:
    links = dict(zip(*(run_rows(views.runs, views.now)[name] for name in ("id", "tracking")), strict=True))
    assert links["run-3"] == f"http://localhost:5000/#/experiments/1/runs/{3:032x}"
    assert links["run-2"] == f"{2:032x}"  # nothing serves a local store yet, so this is no link
    assert "mlflow ui" not in told(views.runs.by_id["run-3"])
    text = told(views.runs.by_id["run-2"])
    assert f"http://127.0.0.1:5000/#/experiments/1/runs/{2:032x}" in text
    assert "mlflow ui --backend-store-uri 'sqlite:////lake/mlflow.db'" in text
    assert "registered: tip version 3; parity gate passed: 21000 rows, 1.2e-07 off at most" in text
    assert "gain: fare_amount 61.0%, trip_distance 27.0%" in text
    assert "DataError: column 'x' is empty" in told(views.runs.by_id["run-4"])


def test_two_runs_side_by_side_differ_where_they_do(views: Views) -> None:
    lines = compared(views.runs.by_id["run-2"], views.runs.by_id["run-3"], 0.0)
    differing = {name for name, differs in zip(lines["name"], lines["differs"], strict=True) if differs}
    assert {"seconds", "worker seconds", "trials", "fit features"} <= differing
    assert not {"seed", "rounds", "space", "bytes read", "status"} & differing
    assert lines["ratio"][lines["name"].index("trials")] == f"{11 / 10:.2f}x"
    assert lines["ratio"][lines["name"].index("seed")] == ""


def test_runs_that_did_the_same_are_compared_first(views: Views) -> None:
    runs = sorted(views.runs.by_id.values(), key=lambda one: -one.started)
    other = replace(runs[0], id="odd", asked=replace(runs[0].asked, verb="write", name="write dbo.x"))
    assert likely_pair([other, *runs]) == (runs[0].id, runs[1].id)
    assert likely_pair([other, runs[0]]) == ("odd", runs[0].id)  # better any two than none
    assert likely_pair([other]) == ("odd", "")
    again = replace(runs[5], id="again")
    assert partner([*runs, again], runs[5]) is again  # its name weighs more than its age
    stages = stage_pairs([runs[0], runs[1]], 0.0)
    assert [(stage, side) for stage, side, _ in stages[:2]] == [("fit features", 0), ("fit features", 1)]


def test_stages_that_bear_their_runs_names_stand_beside_each_other() -> None:
    views = Views()
    events = [
        (run, event)
        for run, name in (("a", "score into dbo.x"), ("b", "score into dbo.y"))
        for event in (RunStarted(name, "score"), StageStarted(name), StageFinished(name, 2.0))
    ]
    views.take(Entry(event, START + at, run, "dw", "x", at) for at, (run, event) in enumerate(events))
    pair = [views.runs.by_id[one] for one in "ab"]
    assert stage_pairs(pair, 0.0) == [("score", 0, 2.0), ("score", 1, 2.0)]
    assert compared(*pair, 0.0)["name"].count("score") == 1


def test_a_run_used_what_its_parts_used() -> None:
    views = Views()
    events = [
        ("whole", RunStarted("demo", "demo")),
        ("part", RunStarted("tune tip", "tune", parent="whole")),
        ("part", RunFinished("finished", 3.0, {"worker_seconds": 6.0, "bytes_read": 1e6})),
        ("whole", RunFinished("finished", 5.0)),
    ]
    views.take(Entry(event, START + at, run, "dw", "x", at) for at, (run, event) in enumerate(events))
    rows = run_rows(views.runs, START + 9)
    assert rows["name"] == ["tune tip", "demo"]
    assert rows["parent"] == ["demo", ""]
    assert rows["cost"] == [6.0, 6.0]
    assert rows["read"] == [1e6, 1e6]
    assert worker_seconds(views.runs) == 6.0  # once


@pytest.mark.parametrize("maximize", [True, False])
def test_the_steep_start_of_curves_is_left_out_of_the_figure(maximize: bool) -> None:
    curves = [[0.5, 0.94, 0.95, *[0.951 + at / 1e4 for at in range(20)]], [0.93, 0.94, 0.945]]
    if not maximize:
        curves = [[1 - value for value in curve] for curve in curves]
    low, high = curve_span({"values": curves}, maximize=maximize)
    assert high - low < 0.1
    best = max(curves[0]) if maximize else min(curves[0])
    assert low < best < high
    assert curve_span({"values": []}, maximize=maximize) == (0.0, 1.0)


def test_what_a_dead_writer_left_under_way_is_lost_until_it_speaks_again() -> None:
    make, views = Maker(), Views()
    views.take([*make.query(1, state="running"), *make.scoring(5, wanted=9), *make.pool(3)])
    views.settle(None)
    assert views.queries.by_id["QID1"].state == "running"
    views.settle({"someone-else"})
    assert views.queries.by_id["QID1"].state == "lost"
    assert views.scoring.by_id["job-1"].state == "lost"
    assert views.pools.by_name["dw"].state == "lost"
    assert query_totals(views.queries)["lost"] == 1


def test_what_a_killed_process_left_is_read_and_told_as_lost(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "from engine.events import *\n"
        "log = open_log(sys.argv[1])\n"
        "with running(log, 'tune tip', verb='tune', settings={'trials': 9}) as run:\n"
        "    run.emit(StudyStarted('s', 's', 'y', 'auc', True, 9))\n"
        "    run.emit(TrialFinished('s', 0, 0.7, 5))\n"
        "    run.emit(TrialStarted('s', 1, {'eta': 0.1}))\n"
        "    run.emit(RoundMetrics('s', 1, 1, (0.6, 0.65)))\n"
        "    log.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == -9
    feed = Feed(open_log(str(tmp_path)))
    feed.catch_up()
    (run,) = feed.views.runs.by_id.values()
    assert (run.name, run.status) == ("tune tip", "lost")
    study = feed.views.studies.by_id["s"]
    assert (study.state, score_series(study)["score"]) == ("lost", [0.7])
    assert trial_rows(study)["state"] == ["lost", "finished"]


def test_an_empty_log_shows_nothing_and_fails_nowhere() -> None:
    views = Views()
    assert pool_rows(views.pools)["name"] == []
    assert query_rows(views.queries, 0.0)["id"] == []
    for columns in (
        pool_series(None), worker_rows(None), task_rows(None), step_rows(None, 0.0), share_rows(None),
        score_series(None), trial_rows(None), curve_lines(None), rung_rows(None), job_series(None),
        reason_rows(None), score_shares(None), stage_rows(None, 0.0), setting_rows(None),
        compared(None, None, 0.0),
    ):  # fmt: skip
        assert all(len(values) == 0 for values in columns.values())


def test_scores_that_are_no_numbers_do_not_become_the_best() -> None:
    views = Views()
    events = [TrialFinished("s", 0, 0.7, 5), TrialFinished("s", 1, math.nan, 5)]
    views.take(Entry(event, START, segment="x", seq=at) for at, event in enumerate(events))
    best = views.studies.by_id["s"].best()
    assert best is not None
    assert best.number == 0
