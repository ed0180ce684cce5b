"""What the suites hold, and what came out: a Markdown page and a chart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.case import OURS, Case
from benchmarks.chart import draw_ratios
from benchmarks.peer import PEERS
from benchmarks.record import writing
from benchmarks.suites import SUITES
from benchmarks.summary import (
    Groups,
    Ratio,
    by_side,
    format_seconds,
    markdown_table,
    median_of,
    median_seconds,
    median_stages,
    pairwise,
)
from engine.errors import OptionError

if TYPE_CHECKING:
    from benchmarks.record import Results


def list_cases() -> str:
    """Suites, cases and peers, for a terminal."""
    lines = []
    for suite, cases in SUITES.items():
        lines.append(suite)
        lines += [f"  {_describe(case)}" for case in cases]
    lines.append("peers")
    lines += [f"  {peer.name:<16} {peer.what}" for peer in PEERS.values()]
    return "\n".join(lines) + "\n"


def latest_results(folder: Path) -> list[Path]:
    """The newest file of each suite or set of suites; names end in the time.

    Raises:
        OptionError: There is none.
    """
    newest = {path.name.rpartition("-")[0]: path for path in sorted(folder.glob("*.jsonl"))}
    if not newest:
        raise OptionError("There are no results yet.", "python -m benchmarks run")
    return list(newest.values())


def write_report(files: Sequence[Results], path: Path) -> str:
    """Writes the page to `path` and, where a peer played, the chart beside it; returns the page.

    Raises:
        WriteError: There can be no file of that name.
    """
    pages: list[str] = []
    ratios: dict[str, Ratio] = {}
    for results in files:
        groups = by_side(results.samples)
        pages.append("\n".join(_page(results, groups)))
        ratios |= dict(_ratios(groups))
    chart = path.with_suffix(".svg")
    if ratios:
        pages.insert(0, f"![Time of each peer in terms of ours]({chart.name})\n")
    text = "\n".join(pages)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if ratios:
            draw_ratios(ratios, chart)
    return text


def _describe(case: Case) -> str:
    sizes = " ".join(f"{name}={value}" for name, value in case.parameters.items() if isinstance(value, int))
    return f"{case.name:<16} {case.what} [{sizes}; peers: {', '.join(case.peers) or 'none'}]"


def _page(results: Results, groups: Groups) -> Iterator[str]:
    told = results.circumstances
    machine = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in told.machine.items())
    yield f"## {results.name}\n"
    yield f"{told.started}; {machine}; commit {told.commit or 'unknown'}\n"
    for side, versions in told.versions.items():
        yield f"- {side}: {', '.join(f'{name} {version}' for name, version in versions.items())}"
    header = ["case", "side", "median", "least - greatest", "CPU", "peak memory"]
    header += ["in terms of ours", "CPU in terms of ours"]
    yield "\n" + markdown_table(header, [_row(key, groups) for key in groups])
    stages = list(_stage_rows(groups))
    if stages:
        yield markdown_table(["case", "side", "stage", "median"], stages)
    for sample in results.samples:
        if sample.problem:
            yield f"- WRONG: {sample.case} on side {sample.side}: {sample.problem}"


def _row(key: tuple[str, str], groups: Groups) -> list[str]:
    case, side = key
    series = groups[key]
    seconds = [sample.seconds for sample in series]
    ours = [] if side == OURS else groups.get((case, OURS), [])
    ratio, cpu = pairwise(series, ours), pairwise(series, ours, "cpu_seconds")
    return [
        case,
        side,
        format_seconds(median_seconds(series)),
        f"{format_seconds(min(seconds))} - {format_seconds(max(seconds))}",
        format_seconds(median_of(series, "cpu_seconds")),
        f"{median_of(series, 'peak_bytes') / 2**20:.0f} MiB",
        str(ratio or ""),
        str(cpu or ""),
    ]


def _stage_rows(groups: Groups) -> Iterator[list[str]]:
    for (case, side), series in groups.items():
        for stage, seconds in median_stages(series).items():
            yield [case, side, stage, format_seconds(seconds)]


def _ratios(groups: Groups) -> Iterable[tuple[str, Ratio]]:
    for (case, side), series in groups.items():
        ratio = None if side == OURS else pairwise(series, groups.get((case, OURS), []))
        if ratio is not None:
            yield f"{case}, {side}", ratio
