"""The pictures of the pages in the README: `python tests/dashboard/screenshots.py FOLDER`.

They show a log that is made up, the same each time, so that a picture changes only when a page does.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from pathlib import Path
from queue import SimpleQueue

import pyarrow.parquet as pq
from browser import missing, take_pictures
from made_log import whole_log
from PIL import Image

from engine.dashboard.serve import Recorder
from engine.events import EventLog, open_log
from engine.events.archive import table_of
from engine.events.entry import body, line
from engine.events.local_store import LocalStore
from engine.events.store import Segment

_held: list[Segment] = []


def main(folder: Path, width: int = 1280) -> None:
    reason = missing()
    if reason is not None:
        sys.exit(reason)
    with tempfile.TemporaryDirectory() as home:
        take_pictures(_served(_dated_log(Path(home) / "lake")), folder, width)
    for path in folder.glob(f"*-{width}.png"):  # a third of the bytes, and no difference to be seen
        Image.open(path).convert("RGB").quantize(224).save(path, optimize=True)


def _dated_log(home: Path) -> EventLog:
    """A log with the dates that its entries were given, whose writer is this process: it lives."""
    home.mkdir()
    segment = LocalStore(str(home)).create()
    _held.append(segment)  # as long as it is open, its writer lives
    lines = (
        line(one.segment, one.seq, body(one.event, one.time, one.run, one.pool))
        for one in whole_log(segment.name)
    )
    pq.write_table(table_of(lines), home / "events" / "made.parquet")
    return open_log(str(home))


def _served(log: EventLog) -> str:
    """The address of a recorder of the log, on a thread that ends with the process."""
    links: SimpleQueue[str] = SimpleQueue()

    def serve() -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        recorder = Recorder(log, live=False)  # its clock stands at the last entry
        links.put(recorder.link)
        recorder.run()

    threading.Thread(target=serve, daemon=True).start()
    return links.get(timeout=30)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1280)
