"""What earlier jobs have put into a table, by the table's own log and the jobs' journals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import NotFoundError
from engine.lake import TableName, open_table
from engine.lake.delta_log import commits, live_files
from engine.ml.scoring.freshness import Piece
from engine.ml.scoring.outcome import files_of
from engine.ml.scoring.store import JobStore
from engine.ml.scoring.tables import SCORES

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.lake import Storage, Table
    from engine.ml.scoring.manifest import Manifest
    from engine.ml.scoring.spec import Spec
    from engine.ml.scoring.units import Unit


class History:
    """Earlier jobs, each read once.

    Args:
        storage: The workspace's files.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._jobs: dict[str, tuple[Spec, list[tuple[Unit, ...]], Manifest]] = {}

    def pieces(self, table: Table) -> list[Piece]:
        """The pieces that the newest scoring of a table left in it; none if none did."""
        for _, info in commits(self.storage, table.location):
            job = info.get("tarn.job")
            if isinstance(job, str) and self._is_job(job):
                spec, parts, _ = self.job(job)
                return [self._piece(*one) for one in (*spec.kept, *((job, at) for at in range(len(parts))))]
        return []

    def pieces_of(self, name: str) -> list[Piece]:
        """The pieces in a table, if it is there."""
        table = existing(self.storage, name)
        return [] if table is None else [piece for piece in self.pieces(table) if piece.recipe]

    def side_files(self, piece: Piece, what: str) -> set[str]:
        """Files of a piece in a side table."""
        entry = self.job(piece.job)[2].done.get(piece.part)
        return set() if entry is None else {file.path for file in files_of(entry, what)}

    def job(self, name: str) -> tuple[Spec, list[tuple[Unit, ...]], Manifest]:
        if name not in self._jobs:
            store = JobStore(self.storage, name)
            spec, (parts, _, _) = store.spec(), store.plan()
            self._jobs[name] = (spec, parts, store.manifest(len(parts), spec.limit))
        return self._jobs[name]

    def _is_job(self, name: str) -> bool:
        return self.storage.is_file(f"{JobStore(self.storage, name).folder}/spec.json")

    def _piece(self, job: str, part: int) -> Piece:
        spec, parts, manifest = self.job(job)
        entry = manifest.done.get(part)
        paths = frozenset() if entry is None else frozenset(file.path for file in files_of(entry, SCORES))
        units = parts[part]
        files = frozenset(unit.origin for unit in units)
        # A part that the journal does not know is nobody's: its recipe fits none.
        recipe = "" if entry is None else spec.recipe
        return Piece(job, part, recipe, tuple(unit.key for unit in units), files, paths)


def existing(storage: Storage, name: str | TableName) -> Table | None:
    """The table of that name, if there is one."""
    try:
        return open_table(storage, name)
    except NotFoundError:
        return None


def files_in(table: Table) -> set[str]:
    """Paths of the files of a table's version, below its folder."""
    return live_files(table.storage, table.location, table.version)


def same_schema(table: Table, wanted: pa.Schema) -> bool:
    return bool(table.schema.equals(wanted))
