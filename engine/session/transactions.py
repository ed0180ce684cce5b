"""Transactions: what a session has written and not committed, read by itself alone.

Each statement writes files that no commit names. COMMIT names those of one table in one Delta commit; for
those of several tables see `engine.session.journal`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.lake import TableName, TableWriter, WrittenPart, abort_write, begin_write
from engine.lake.pending import with_parts
from engine.runtime import Held, Tasks, write_parts
from engine.session.journal import Change, commit_changes

if TYPE_CHECKING:
    from engine.lake import Source, Storage
    from engine.lake.ranges import Ranges
    from engine.session.binding.world import TempTable
    from engine.session.catalog.definitions import Key


@dataclass(slots=True)
class Pending:
    """What a transaction has done to one table.

    Attributes:
        writer: Of all files that it wrote.
        parts: Those that count.
        base: The version that the parts take the place of; None where they are added to whatever is there.
    """

    writer: TableWriter
    parts: list[WrittenPart] = field(default_factory=list)
    base: int | None = None

    def seen(self, source: Source) -> Source:
        """The table as the transaction sees it."""
        return with_parts(source, self.writer, self.parts, replaces=self.base is not None)

    def change(self) -> Change:
        parts = tuple(replace(part, part=number) for number, part in enumerate(self.parts))
        mode = "append" if self.base is None else "overwrite"
        base = self.writer.base if self.base is None else self.base
        return Change(replace(self.writer, mode=mode, base=base), parts)


@dataclass(slots=True)
class Transaction:
    """Between BEGIN TRANSACTION and COMMIT or ROLLBACK.

    Attributes:
        storage: The workspace's files.
        temps: The session's temporary tables as they were at the beginning.
        tables: What was done to each stored table.
        failed: Whether a statement failed: nothing but ROLLBACK is allowed then.
    """

    storage: Storage
    temps: dict[str, TempTable]
    tables: dict[Key, Pending] = field(default_factory=dict)
    failed: bool = False
    _id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def seen(self, key: Key, source: Source) -> Source:
        """A table's source with what this transaction has done to it."""
        found = self.tables.get(key)
        return source if found is None else found.seen(source)

    def write(
        self, pool: Tasks, rows: Held, key: Key, *, base: int | None, ranges: Ranges | None = None
    ) -> int:
        """Write rows that are added to a table, or with `base` take the place of those at that version.

        Returns:
            How many.
        """
        pending = self._pending(key)
        written = write_parts(pool, self.storage, rows, pending.writer, ranges=ranges)
        if base is None:
            pending.parts += written
        else:
            pending.parts = written
            pending.base = base if pending.base is None else pending.base
        return sum(part.rows for part in written)

    def commit(self) -> None:
        """Make everything visible, or nothing.

        Raises:
            ConflictError: A table whose rows were changed was changed by others too.
        """
        changes = [one.change() for one in self.tables.values() if one.parts or one.base is not None]
        commit_changes(self.storage, self._id, changes)

    def rollback(self) -> None:
        """Remove every file that was written and not committed."""
        for pending in self.tables.values():
            abort_write(pending.writer)

    def _pending(self, key: Key) -> Pending:
        found = self.tables.get(key)
        if found is None:
            name = TableName(key.schema, key.name)
            writer = begin_write(self.storage, name, mode="append", job=f"{self._id}-{len(self.tables)}")
            found = self.tables[key] = Pending(writer)
        return found


@dataclass(slots=True)
class Work:
    """What a session has open; lives as long as it."""

    transaction: Transaction | None = None
    # The table whose IDENTITY column INSERT may fill: SET IDENTITY_INSERT.
    identity_insert: Key | None = None

    @property
    def state(self) -> int:
        """What XACT_STATE() gives: 0 for none, 1 for a transaction, -2 for one that must be rolled back."""
        if self.transaction is None:
            return 0
        return -2 if self.transaction.failed else 1
