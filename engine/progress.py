"""What a person sees while work runs: a bar in a terminal, a line now and then in a plain log."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from engine.events.running import current_run

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from engine.events.running import Stage

# In a log nobody watches a bar move: one line every so many seconds is read, more is noise.
_LOG_EVERY_SECONDS = 5.0
# A pace is that of so many seconds: long beside one unit of most work, short beside a change of its kind.
_PACE_SECONDS = 30.0


class Bar(Protocol):
    """Counts units of one piece of work."""

    def advance(self, units: float = 1, *, note: str = "") -> None:
        """Some units are done; `note` replaces the text behind the bar."""
        ...


class Silent:
    """A bar that nobody sees."""

    def advance(self, units: float = 1, *, note: str = "") -> None:
        """Count nothing."""


def spoken(rate: float) -> str:
    """A number of units in three digits: `0.52`, `31.4`, `1.20k`, `53.1M`."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if rate >= size:
            return f"{rate / size:.3g}{unit}"
    return f"{rate:.3g}"


class Pace:
    """How fast units of work come of late, and how long the rest will take at that.

    The first units do not count: before them workers load what they need, which they do once. So nothing is
    said before the second.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def add(self, units: float, now: float) -> None:
        """Some units were done at a time in seconds."""
        self._seen.append((now, units))
        while len(self._seen) > 2 and now - self._seen[1][0] > _PACE_SECONDS:
            self._seen.popleft()

    def rate(self, now: float) -> float | None:
        """Units a second since the first of late; None if nobody can say."""
        if len(self._seen) < 2:
            return None
        return sum(units for _, units in list(self._seen)[1:]) / max(now - self._seen[0][0], 1e-9)

    def left(self, units: float, now: float) -> float | None:
        """Seconds for so many units more; None if nobody can say."""
        rate = self.rate(now)
        return units / rate if rate else None


class LogBar:
    """Lines for a plain log: title, share done, rate, time left."""

    def __init__(
        self, title: str, total: float, stream: TextIO, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._title, self._total, self._stream, self._clock = title, total, stream, clock
        self._done, self._pace = 0.0, Pace()
        self._started = self._spoke = clock()

    def advance(self, units: float = 1, *, note: str = "") -> None:
        """Count; speak when it is time."""
        self._done += units
        now = self._clock()
        self._pace.add(units, now)
        if now - self._spoke >= _LOG_EVERY_SECONDS and self._done < self._total:
            self._spoke = now
            rate, left = self._pace.rate(now), self._pace.left(self._total - self._done, now)
            said = "" if rate is None or left is None else f", {spoken(rate)}/s, about {left:.0f} s left"
            self._say(f"{self._done / self._total:4.0%}{said}", note)

    def finish(self) -> None:
        """The closing line, with the seconds it took."""
        seconds = max(self._clock() - self._started, 1e-9)
        self._say(f"done in {seconds:.1f} s, {spoken(self._done / seconds)}/s", "")

    def _say(self, text: str, note: str) -> None:
        print(f"{self._title}: {text}{f' ({note})' if note else ''}", file=self._stream, flush=True)


class TerminalBar:
    """A live bar in a terminal."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task
        self._pace = Pace()

    def advance(self, units: float = 1, *, note: str = "") -> None:
        """Move the bar."""
        now = time.monotonic()
        self._pace.add(units, now)
        rate = self._pace.rate(now)
        said = "" if rate is None else f"{spoken(rate)}/s"
        self._progress.update(self._task, advance=units, rate=said)
        if note:
            self._progress.update(self._task, note=note)


class Told:
    """A bar that the log of the run hears of too."""

    def __init__(self, bar: Bar, stage: Stage) -> None:
        self._bar, self._stage = bar, stage

    def advance(self, units: float = 1, *, note: str = "") -> None:
        """Count on both."""
        self._bar.advance(units, note=note)
        self._stage.advance(units, note=note)


@contextmanager
def show(title: str, total: float, *, visible: bool = True, stream: TextIO | None = None) -> Iterator[Bar]:
    """A bar for `total` units of work while the block runs; within a run it is a stage of it too.

    Args:
        title: What runs.
        total: Units in all.
        visible: False shows nothing.
        stream: Where to; standard error by default, so that standard output stays for results.
    """
    run = current_run()
    with _seen(title, total, visible, stream or sys.stderr) as bar:
        if run is None:
            yield bar
        else:
            with run.stage(title, total) as stage:
                yield Told(bar, stage)


@contextmanager
def _seen(title: str, total: float, visible: bool, out: TextIO) -> Iterator[Bar]:
    if not visible:
        yield Silent()
    elif out.isatty():
        with _terminal(title, total) as bar:
            yield bar
    else:
        line = LogBar(title, total, out)
        yield line
        line.finish()


@contextmanager
def _terminal(title: str, total: float) -> Iterator[Bar]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(bar_width=32),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[rate]:>7}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=total, note="", rate="")
        yield TerminalBar(progress, task)
        progress.update(task, completed=total)
