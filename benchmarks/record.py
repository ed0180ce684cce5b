"""Results as lines of JSON: first the circumstances, then a line per repetition."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.case import OURS, Case
from benchmarks.launch import ROOT, Side
from benchmarks.peer import PEERS
from engine.errors import FormatError, WriteError

RESULTS: Final = Path(__file__).resolve().parent / "results"
_FORMAT: Final = 1
_LIBRARIES: Final = (
    "dask", "distributed", "duckdb", "dask-ml", "numpy", "onnxruntime", "optuna", "pandas", "pyarrow",
    "scikit-learn", "tarn", "xgboost",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """One repetition of one side of one case, times in seconds; no `problem` where the answer was right."""

    case: str
    side: str
    repetition: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    parameters: dict[str, Any]
    answer: dict[str, Any]
    stages: dict[str, float]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Under what a run took place; nothing in it tells whose machine it was."""

    started: str
    machine: dict[str, Any]
    versions: dict[str, dict[str, str]]
    commit: str | None


@dataclass(frozen=True, slots=True)
class Results:
    """One file."""

    name: str
    circumstances: Circumstances
    samples: tuple[Sample, ...]


def describe_run(sides: Iterable[Side]) -> Circumstances:
    return Circumstances(
        started=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        machine=_machine(),
        versions={side.name: _versions(side) for side in sides},
        commit=_commit(),
    )


def default_path(cases: Sequence[Case], circumstances: Circumstances) -> Path:
    suites = "-".join(dict.fromkeys(case.suite for case in cases))
    return RESULTS / f"{suites}-{re.sub(r'[-:]|[+].*', '', circumstances.started)}.jsonl"


class Recorder:
    """Appends to a new file as results come in, so that a run broken off keeps what it has.

    Raises:
        WriteError: There can be no file of that name.
    """

    def __init__(self, path: Path, circumstances: Circumstances) -> None:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", buffering=1)
        self._write({"format": _FORMAT, **dataclasses.asdict(circumstances)})

    def add(self, sample: Sample) -> None:
        self._write(dataclasses.asdict(sample))

    def close(self) -> None:
        self._file.close()

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Says which file it was that could not be written."""
    try:
        yield
    except OSError as problem:
        raise WriteError(f"{path} cannot be written: {problem.strerror}.", "Name another --out.") from problem


def read_results(path: Path) -> Results:
    """Reads one file.

    Raises:
        FormatError: It is not there, or not a file of results.
    """
    try:
        first, *rest = map(json.loads, path.read_text().splitlines())
        if first.pop("format") != _FORMAT:
            raise ValueError("another format")
        samples = tuple(Sample(**line) for line in rest)
        return Results(path.stem, Circumstances(**first), samples)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as problem:
        raise FormatError(
            f"{path} holds no results of benchmarks ({problem}).", "`run` writes them.", path=str(path)
        ) from problem


def _machine() -> dict[str, Any]:
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.system(),
        "architecture": platform.machine(),
    }


def _versions(side: Side) -> dict[str, str]:
    required = () if side.name == OURS else PEERS[side.name].requirements or ()
    names = {*_LIBRARIES, *(re.split(r"[^\w.-]", name)[0] for name in required)}
    command = [side.python, "-m", "benchmarks.child", "versions", *sorted(names)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    python = subprocess.run([side.python, "--version"], capture_output=True, check=True, text=True).stdout
    return {"python": python.split()[-1], **json.loads(found)}


def _commit() -> str | None:
    """The checkout's commit, with a + where files differ from it; None outside a checkout."""
    git = ["git", "-C", str(ROOT)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
        )
        changed = subprocess.run([*git, "diff", "--quiet", "HEAD"], check=False).returncode
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() + ("+" if changed else "")
