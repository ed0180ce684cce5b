"""What an answer depends on, as two names: of the question, and of the state of what it reads."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from engine.lake import TableName, open_table
from engine.runtime import Stored

if TYPE_CHECKING:
    from engine.lake import Storage
    from engine.session.binding.binder import Bound
    from engine.session.binding.relations import Relation
    from engine.sql.meaning import Variable


def question_key(text: str, asked: Collection[str], variables: Mapping[str, Variable]) -> str:
    """The question: the text to the letter, and the values of the variables in it."""
    values = [
        (name, str(one.type), repr(one.value)) for name in sorted(asked) if (one := variables.get(name))
    ]
    return _digest(text.strip(), values)


def state_key(storage: Storage, bound: Bound, collation: str) -> str:
    """The state: the query with its views written out, and of every table the version and its files."""
    tables = [(key, _table_state(storage, one)) for key, one in sorted(bound.relations.items())]
    return _digest(bound.tree.sql(), collation, tables)


def _table_state(storage: Storage, relation: Relation) -> tuple[object, ...]:
    stored = relation.rows.rows
    files = sorted({one.location for one in stored.source.partitions}) if isinstance(stored, Stored) else []
    version = open_table(storage, TableName(relation.schema.lower(), relation.name.lower())).version
    columns = [
        (name, str(kind), kind.collation and kind.collation.name) for name, kind in relation.columns.items()
    ]
    return version, files, columns


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
