"""How far a worker's memory has grown over what it held before, from a file of results."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.case import OURS
from benchmarks.record import read_results
from benchmarks.summary import markdown_table


def main(path: str) -> None:
    rows = [
        [sample.case, f"{sample.parameters['rows']:,}", f"{sample.answer['worker_bytes'] / 1e6:.0f} MB"]
        for sample in read_results(Path(path)).samples
        if sample.side == OURS and "worker_bytes" in sample.answer
    ]
    sys.stdout.write(markdown_table(["case", "rows", "largest worker over before"], rows))


if __name__ == "__main__":
    main(sys.argv[1])
