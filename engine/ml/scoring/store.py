"""Jobs on disk: one folder each, with what was decided, what is to be done, and an append-only journal.

A line of the journal is a small file with a number that nobody else can take: on stores without appends too,
two processes that work on one job never overwrite each other's lines, and a kill leaves whole lines only.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from engine.errors import FormatError, NotFoundError
from engine.lake.places import JOBS
from engine.lake.portable import reader_from_json, reader_to_json, schema_from_json, schema_to_json
from engine.lake.publish import publish_new, remove_tree
from engine.ml.model import Model
from engine.ml.scoring.manifest import Entry, Manifest, fold
from engine.ml.scoring.spec import ModelRef, Spec
from engine.ml.scoring.units import Unit

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.lake import Reader, Storage

_READERS = 16


class JobStore:
    """The folder of one job.

    Args:
        storage: The workspace's files.
        job: The job's name.
    """

    def __init__(self, storage: Storage, job: str) -> None:
        self.storage = storage
        self.job = job
        self.folder = storage.resolve(f"{JOBS}/{job}")
        self._next = 0
        self._lock = threading.Lock()

    def create(
        self,
        spec: Spec,
        parts: Sequence[Sequence[Unit]],
        schema: pa.Schema,
        reader: Reader | None,
        blobs: Mapping[str, bytes],
    ) -> None:
        """Write a job down. The specification comes last: without it there is no job.

        Args:
            spec: What it is.
            parts: Units of each part.
            schema: Columns of the source.
            reader: Of the source's files; None for a Dask DataFrame.
            blobs: Files of bytes: graphs, the frame.
        """
        for name, data in blobs.items():
            publish_new(self.storage, f"{self.folder}/{name}", data)
        plan = {
            "schema": schema_to_json(schema),
            "reader": None if reader is None else reader_to_json(reader),
            "parts": [[unit.to_json(schema) for unit in units] for units in parts],
        }
        publish_new(self.storage, f"{self.folder}/plan.json", json.dumps(plan).encode())
        publish_new(self.storage, f"{self.folder}/spec.json", json.dumps(spec.to_json(), indent=1).encode())

    def spec(self) -> Spec:
        """What the job is.

        Raises:
            NotFoundError: There is no such job.
        """
        location = f"{self.folder}/spec.json"
        if not self.storage.is_file(location):
            raise NotFoundError(
                f"There is no scoring job {self.job!r}.",
                "See the jobs of the workspace: ws.jobs.",
                job=self.job,
            )
        return Spec.from_json(self._read("spec.json"))

    def plan(self) -> tuple[list[tuple[Unit, ...]], pa.Schema, Reader | None]:
        """Units of each part, columns of the source, and what reads its files."""
        stored = self._read("plan.json")
        schema = schema_from_json(stored["schema"])
        reader = None if stored["reader"] is None else reader_from_json(self.storage, stored["reader"])
        parts = [tuple(Unit.from_json(unit, schema) for unit in units) for units in stored["parts"]]
        return parts, schema, reader

    def blob(self, name: str) -> bytes:
        with self.storage.open(f"{self.folder}/{name}") as handle:
            return handle.read()

    def model(self, ref: ModelRef, blob: str) -> Model:
        """A model from the graph that lies with the job: it needs no registry."""
        return Model(ref.name, ref.version, self.blob(blob))

    def append(self, entry: Entry) -> None:
        """Add a line to the journal; it is on disk when this returns."""
        data = json.dumps(dict(entry)).encode()
        with self._lock:
            while not publish_new(self.storage, f"{self.folder}/journal/{self._next:08d}.json", data):
                self._next += 1
            self._next += 1

    def manifest(self, parts: int, limit: float | None) -> Manifest:
        """What the journal tells."""
        entries = self.storage.list(f"{self.folder}/journal")
        names = [entry.name for entry in entries if entry.name.endswith(".json")]
        with ThreadPoolExecutor(_READERS) as threads:
            lines = list(threads.map(lambda name: self._read(f"journal/{name}"), names))
        with self._lock:
            self._next = max(self._next, len(names))
        return fold(parts, limit, lines)

    def part_count(self) -> int:
        return len(self._read("plan.json")["parts"])

    def discard(self) -> None:
        """Forget the job."""
        remove_tree(self.storage, self.folder)

    def _read(self, name: str) -> dict[str, Any]:
        data = self.blob(name)
        try:
            found: dict[str, Any] = json.loads(data)
        except ValueError as error:
            raise FormatError(
                f"{JOBS}/{self.job}/{name} is damaged: {error}",
                "score again; what the job has not committed is lost",
                job=self.job,
            ) from None
        return found


def job_names(storage: Storage) -> list[str]:
    """Jobs that were written down, oldest first."""
    folders = [entry for entry in storage.list(storage.resolve(JOBS)) if entry.is_folder]
    return [entry.name for entry in folders if storage.is_file(f"{entry.location}/spec.json")]
