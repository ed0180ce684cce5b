"""Text and bytes joined by `+`."""

from __future__ import annotations

from engine.sql.meaning.conversion.convert import convert, to_string
from engine.sql.meaning.trees import call, join_text, number
from engine.sql.meaning.types import MAX, NULL, UNICODE, Base, SqlType, varbinary
from engine.sql.meaning.values import Value


def are_joined(left: SqlType, right: SqlType) -> bool:
    """Whether `+` joins: two texts, two byte strings, or one of them and NULL."""
    kinds = (left, right)
    joined = all(kind.is_text or kind == NULL for kind in kinds) or all(
        kind.is_bytes or kind == NULL for kind in kinds
    )
    return joined and set(kinds) != {NULL}


def concatenated(left: Value, right: Value) -> Value:
    """Join two texts or two byte strings; what exceeds the longest length is lost, unless it is MAX."""
    if left.type.is_bytes or right.type.is_bytes:
        kind = varbinary(_joined_size(left.type, right.type, 8000))
        return Value(join_text([convert(left, kind).tree, convert(right, kind).tree]), kind)
    left, right = to_string(left), to_string(right)
    wide = left.type.base in UNICODE or right.type.base in UNICODE
    longest = 4000 if wide else 8000
    size = _joined_size(left.type, right.type, longest)
    tree = join_text([left.tree, right.tree])
    if size == longest and left.type.size + right.type.size > longest:
        tree = call("LEFT", tree, number(longest))
    collation = left.type.collation or right.type.collation
    kind = SqlType(Base.NVARCHAR if wide else Base.VARCHAR, size)
    return Value(tree, kind.with_facts(trimmed=right.type.trimmed and size != longest, collation=collation))


def _joined_size(left: SqlType, right: SqlType, longest: int) -> int:
    return MAX if MAX in (left.size, right.size) else min(longest, left.size + right.size)
