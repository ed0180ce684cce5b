"""What a worker's process took at its highest, from a file of results: over before, and in all."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.case import OURS
from benchmarks.record import read_results
from benchmarks.summary import markdown_table


def main(path: str) -> None:
    rows = [
        [sample.case, f"{sample.parameters['rows']:,}", *(f"{one / 1e6:.0f} MB" for one in found)]
        for sample in read_results(Path(path)).samples
        if sample.side == OURS and (found := sample.answer.get("worker_bytes"))
    ]
    sys.stdout.write(markdown_table(["case", "rows", "largest worker over before", "in all"], rows))


if __name__ == "__main__":
    main(sys.argv[1])
