"""A query as a source: its rows are put into files first, so that a job can come back to them.

What such a file holds is told by a digest: where a query says of some rows what it said before, their scores
stay. The query itself runs every time.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import OptionError
from engine.lake.conform import conform
from engine.lake.data_file import write_file
from engine.lake.delta_types import delta_schema
from engine.lake.discover import files_source
from engine.lake.formats import ReadOptions
from engine.lake.places import JOBS
from engine.lake.publish import make_folder
from engine.lake.source import Reader, Source
from engine.ml.scoring.sources import Origin
from engine.runtime.output import rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from engine.lake import Storage
    from engine.runtime import Answer
    from pools import Pool

_SHOWN = 60


@dataclass(frozen=True)
class _Spool:
    """Runs on a worker: writes a part of an answer where it lies."""

    storage: Storage
    folder: str
    schema: pa.Schema

    def __call__(self, part: Any, number: int) -> tuple[str, str] | None:
        """Where the rows are and what they are; None for none."""
        rows = conform(rows_of(part), self.schema)
        if not rows.num_rows:
            return None
        location = f"{self.folder}/{number:06d}.parquet"
        write_file(self.storage, location, [rows], self.schema, within=self.folder)
        with self.storage.open(location) as handle:
            digest = hashlib.blake2b(digest_size=16)
            while block := handle.read(1 << 20):
                digest.update(block)
        return location, digest.hexdigest()


def spooled(pool: Pool, storage: Storage, text: str, answer: Answer) -> Origin:
    """The rows of an answer, in files below the jobs' folder.

    Raises:
        OptionError: Two columns of one name.
    """
    twice = [name for name, times in Counter(answer.schema.names).items() if times > 1]
    if twice:
        raise OptionError(f"The query gives two columns named '{twice[0]}'.", "Give one of them an alias.")
    schema = delta_schema(answer.schema)
    folder = storage.resolve(f"{JOBS}/rows-{uuid.uuid4().hex[:12]}")
    make_folder(storage, folder)
    spool = _Spool(storage, folder, schema)
    written = pool.gather(
        [pool.submit(spool, part, number, label="spool") for number, part in enumerate(answer.parts)]
    )
    shown = " ".join(text.split())
    name = shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 3]}..."
    options = ReadOptions(format="parquet")
    contents = _told_apart([one for one in written if one is not None])
    if not contents:
        return Origin(name, schema, files=Source(Reader(storage, schema, options), ()), label="query")
    found = files_source(storage, (folder,), options)
    reader = Reader(storage, schema, options)
    source = Source(reader, found.partitions)
    return Origin(name, schema, files=source, label="query", spool=folder, contents=contents)


def _told_apart(written: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Names of what files hold; of several that hold the same each has one of its own."""
    seen: Counter[str] = Counter()
    names = {}
    for location, digest in written:
        seen[digest] += 1
        names[location] = f"query {digest} {seen[digest]}"
    return names
