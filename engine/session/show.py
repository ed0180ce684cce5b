"""Arrow rows as text and as HTML, for people."""

from __future__ import annotations

import datetime as dt
import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_WIDEST = 48
_WIDEST_ALONE = 400


def text_table(rows: pa.Table) -> str:
    """Columns under their names; numbers to the right.

    For a table that comes in pieces see `TextTable`.

    >>> import pyarrow as pa
    >>> print(text_table(pa.table({"a": [1, 20], "b": ["x", None]})))
     a | b
    ---+-----
     1 | x
    20 | NULL
    """
    table = TextTable(rows)
    return "\n".join([*table.head(), *table.lines(rows)])


class TextTable:
    """A table as text whose columns are as wide as its first rows need: the rest may come in pieces.

    Args:
        first: The first rows.
    """

    def __init__(self, first: pa.Table) -> None:
        self._widest = _WIDEST_ALONE if first.num_columns == 1 else _WIDEST
        self._names = [_cut(name, self._widest) for name in first.schema.names]
        self._right = [_is_number(kind) for kind in first.schema.types]
        cells = self._cells(first)
        pairs = zip(self._names, cells, strict=True)
        self._widths = [max([len(name), *map(len, column)]) for name, column in pairs]

    def head(self) -> list[str]:
        """The names, and a line under them."""
        return [_line(self._names, self._widths, self._right), "-+-".join("-" * one for one in self._widths)]

    def lines(self, rows: pa.Table) -> list[str]:
        """One line for each row; a longer value than the first rows had moves the others of its row."""
        return [_line(list(row), self._widths, self._right) for row in zip(*self._cells(rows), strict=True)]

    def _cells(self, rows: pa.Table) -> list[list[str]]:
        return [
            [_cut(shown_value(value), self._widest) for value in column.to_pylist()]
            for column in rows.columns
        ]


def html_table(rows: pa.Table) -> str:
    """The rows as a plain HTML table."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in rows.schema.names)
    body = "".join(
        f"<tr>{''.join(f'<td>{html.escape(shown_value(value))}</td>' for value in row.values())}</tr>"
        for row in rows.rename_columns([str(at) for at in range(rows.num_columns)]).to_pylist()
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def shown_value(value: object) -> str:
    """A value as a client of SQL Server shows it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, bytes):
        return f"0x{value.hex().upper()}"
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return str(value)


def _cut(text: str, widest: int) -> str:
    flat = text.replace("\r", " ").replace("\n", " ")
    return flat if len(flat) <= widest else f"{flat[: widest - 3]}..."


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow.types as pt

    return bool(pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind))


def _line(cells: list[str], widths: list[int], right: list[bool]) -> str:
    padded = [
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    ]
    return " | ".join(padded).rstrip()
