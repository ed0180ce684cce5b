"""A query as a source: its rows are put into files first, so that a job can come back to them."""

from __future__ import annotations

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

    def __call__(self, part: Any, number: int) -> int:
        rows = conform(rows_of(part), self.schema)
        if rows.num_rows:
            location = f"{self.folder}/{number:06d}.parquet"
            write_file(self.storage, location, [rows], self.schema, within=self.folder)
        return int(rows.num_rows)


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
    if not any(written):
        return Origin(name, schema, files=Source(Reader(storage, schema, options), ()), label="query")
    found = files_source(storage, (folder,), options)
    reader = Reader(storage, schema, options)
    return Origin(name, schema, files=Source(reader, found.partitions), label="query", spool=folder)
