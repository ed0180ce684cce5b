"""The pictures of the pages in the README: `python tests/dashboard/screenshots.py FOLDER`.

They show a log that is made up, the same each time, so that a picture changes only when a page does.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from browser import missing, take_pictures
from conftest import start_recorder
from made_log import whole_log, write
from PIL import Image

from engine.events import open_log


def main(folder: Path, width: int = 1280) -> None:
    reason = missing()
    if reason is not None:
        sys.exit(reason)
    with tempfile.TemporaryDirectory() as home:
        log = open_log(home)
        write(whole_log(), log.bind().take)
        log.flush()
        process, link = start_recorder(Path(home))
        try:
            take_pictures(link, folder, width)
            for path in folder.glob("*.png"):  # a third of the bytes, and no difference to be seen
                Image.open(path).convert("RGB").quantize(224).save(path, optimize=True)
        finally:
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1280)
