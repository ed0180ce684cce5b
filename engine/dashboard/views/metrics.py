"""The views as lines of Prometheus' text format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from engine.dashboard.views.queries import STATES

if TYPE_CHECKING:
    from engine.dashboard.views.whole import Views

_Line = tuple[dict[str, str], float]


def metric_lines(views: Views) -> str:
    """Pools, requests, studies, scoring jobs and runs of a log."""
    return "".join(_block(*block) for block in _blocks(views))


def _blocks(views: Views) -> Iterator[tuple[str, str, str, Iterable[_Line]]]:
    pools = views.pools.by_name.values()
    yield (
        "tarn_pool_up",
        "gauge",
        "Whether a pool runs",
        [({"pool": p.name}, p.state == "running") for p in pools],
    )
    yield (
        "tarn_pool_workers",
        "gauge",
        "Workers in contact",
        [({"pool": p.name}, len(p.workers)) for p in pools],
    )
    sampled = [(p.name, p.sample) for p in pools if p.sample is not None]
    yield "tarn_pool_tasks_running", "gauge", "Tasks that run", [({"pool": n}, s.running) for n, s in sampled]
    yield (
        "tarn_pool_tasks_waiting",
        "gauge",
        "Tasks that wait",
        [({"pool": n}, s.waiting) for n, s in sampled],
    )
    yield (
        "tarn_pool_memory_bytes",
        "gauge",
        "Memory of all workers",
        [({"pool": n}, s.memory) for n, s in sampled],
    )
    used = [({"pool": p.name}, p.worker_seconds) for p in pools]
    yield "tarn_pool_worker_seconds_total", "counter", "Worker seconds paid for", used
    read = [({"pool": p.name}, p.bytes_read) for p in pools]
    yield "tarn_pool_lake_read_bytes_total", "counter", "Bytes of the lake read", read
    lost = [({"pool": p.name}, p.deaths) for p in pools]
    yield "tarn_pool_workers_lost_total", "counter", "Workers that died", lost
    yield from _requests(views)
    yield from _jobs(views)
    runs = Counter((run.asked.verb if run.asked else "", run.status) for run in views.runs.by_id.values())
    counted = [({"verb": verb, "status": status}, count) for (verb, status), count in sorted(runs.items())]
    yield "tarn_runs", "gauge", "Runs by verb and status", counted
    yield "tarn_events_total", "counter", "Entries of the event log", [({}, views.entries)]


def _requests(views: Views) -> Iterator[tuple[str, str, str, Iterable[_Line]]]:
    queries = views.queries.by_id.values()
    states = Counter(query.state for query in queries)
    counted = [({"state": state}, states[state]) for state in STATES]
    yield "tarn_requests", "gauge", "T-SQL requests by state", counted
    seconds = sum(query.seconds for query in queries)
    yield "tarn_request_seconds_total", "counter", "Seconds of all requests that ended", [({}, seconds)]
    read = sum(query.bytes_read for query in queries)
    yield "tarn_request_read_bytes_total", "counter", "Bytes that requests read", [({}, read)]


def _jobs(views: Views) -> Iterator[tuple[str, str, str, Iterable[_Line]]]:
    trials = Counter(
        (study.name, trial.state) for study in views.studies.by_id.values() for trial in study.trials.values()
    )
    counted = [({"study": name, "state": state}, count) for (name, state), count in sorted(trials.items())]
    yield "tarn_trials", "gauge", "Trials of studies by state", counted
    jobs = list(views.scoring.by_id.values())
    rows = [({"job": job.id}, job.rows) for job in jobs]
    yield "tarn_scoring_rows_total", "counter", "Rows scored", rows
    bad = [({"job": job.id}, job.bad_rows) for job in jobs]
    yield "tarn_scoring_bad_rows_total", "counter", "Rows that could not be scored", bad
    left = [({"job": job.id}, max(0, job.wanted - job.partitions)) for job in jobs]
    yield "tarn_scoring_partitions_left", "gauge", "Partitions that are not scored yet", left


def _block(name: str, kind: str, text: str, lines: Iterable[_Line]) -> str:
    told = "".join(f"{name}{_labels(labels)} {float(value):.17g}\n" for labels, value in lines)
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n{told}" if told else ""


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
