"""Data types: T-SQL's names to sqlglot's types, with T-SQL's limits.

REAL is FLOAT and FLOAT is DOUBLE in the tree: sqlglot's own T-SQL parser makes one type of both and with it
loses the width that a model's output is declared with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from sqlglot import exp

from engine.errors import BindError
from engine.sql.syntax.query.names import Names
from engine.sql.syntax.tokens import Kind, Token

DType = exp.DType


@dataclass(frozen=True, slots=True)
class _Shape:
    """What may stand in the parentheses behind a type: the largest value of each number, and MAX."""

    dtype: exp.DType
    limits: tuple[int, ...] = ()
    smallest: int = 0
    may_be_max: bool = False


def _text(dtype: exp.DType, longest: int, *, may_be_max: bool) -> _Shape:
    return _Shape(dtype, (longest,), smallest=1, may_be_max=may_be_max)


_SHAPES = {
    "BIGINT": _Shape(DType.BIGINT),
    "BINARY": _text(DType.BINARY, 8000, may_be_max=False),
    "BIT": _Shape(DType.BIT),
    "CHAR": _text(DType.CHAR, 8000, may_be_max=False),
    "DATE": _Shape(DType.DATE),
    "DATETIME": _Shape(DType.DATETIME),
    "DATETIME2": _Shape(DType.DATETIME2, (7,)),
    "DATETIMEOFFSET": _Shape(DType.TIMESTAMPTZ, (7,)),
    "DECIMAL": _Shape(DType.DECIMAL, (38, 38)),
    "FLOAT": _Shape(DType.DOUBLE, (53,), smallest=1),
    "INT": _Shape(DType.INT),
    "MONEY": _Shape(DType.MONEY),
    "NCHAR": _text(DType.NCHAR, 4000, may_be_max=False),
    "NVARCHAR": _text(DType.NVARCHAR, 4000, may_be_max=True),
    "REAL": _Shape(DType.FLOAT),
    "SMALLDATETIME": _Shape(DType.SMALLDATETIME),
    "SMALLINT": _Shape(DType.SMALLINT),
    "SMALLMONEY": _Shape(DType.SMALLMONEY),
    "TIME": _Shape(DType.TIME, (7,)),
    "TINYINT": _Shape(DType.UTINYINT),
    "UNIQUEIDENTIFIER": _Shape(DType.UUID),
    "VARBINARY": _text(DType.VARBINARY, 8000, may_be_max=True),
    "VARCHAR": _text(DType.VARCHAR, 8000, may_be_max=True),
}
_SYNONYMS = {
    ("BINARY", "VARYING"): "VARBINARY",
    ("CHAR", "VARYING"): "VARCHAR",
    ("CHARACTER", "VARYING"): "VARCHAR",
    ("CHARACTER",): "CHAR",
    ("DEC",): "DECIMAL",
    ("DOUBLE", "PRECISION"): "FLOAT",
    ("INTEGER",): "INT",
    ("NATIONAL", "CHAR", "VARYING"): "NVARCHAR",
    ("NATIONAL", "CHARACTER", "VARYING"): "NVARCHAR",
    ("NATIONAL", "CHAR"): "NCHAR",
    ("NATIONAL", "CHARACTER"): "NCHAR",
    ("NUMERIC",): "DECIMAL",
}
_REFUSED = {
    "CURSOR": "write one statement over the whole set",
    "GEOGRAPHY": "keep well-known text in a varchar",
    "GEOMETRY": "keep well-known text in a varchar",
    "HIERARCHYID": "keep the path in a varchar",
    "IMAGE": "use varbinary(max)",
    "JSON": "use nvarchar(max); JSON_VALUE and OPENJSON read it",
    "NTEXT": "use nvarchar(max)",
    "ROWVERSION": "use datetime2",
    "SQL_VARIANT": "give each column one type",
    "TABLE": "use a temporary table: CREATE TABLE #t (...)",
    "TEXT": "use varchar(max)",
    "TIMESTAMP": "use datetime2",
    "VECTOR": "keep one column per component",
    "XML": "use nvarchar(max)",
}


class Types(Names):
    """Rules for data types."""

    def data_type(self) -> exp.DataType:
        """A data type.

        Raises:
            BindError: There is no such type, or its numbers are out of T-SQL's range.
            UnsupportedSqlError: A type that neither kind of SQL pool stores.
        """
        start = self.token
        name = self._type_name()
        if name in _REFUSED:
            self.refuse(
                f"The type {name.lower()}", "no column or variable can hold it", _REFUSED[name], token=start
            )
        if name == "SYSNAME":
            return _built(DType.NVARCHAR, ["128"])
        if name not in _SHAPES:
            self._unbound(f"Cannot find data type '{name.lower()}'.", "use a type of a SQL pool", start)
        shape = _SHAPES[name]
        sizes = self.wrapped_list(lambda: self._size(shape)) if self.at("(") else []
        self._check(name, shape, sizes, start)
        if name == "FLOAT" and sizes:
            # float(1) to float(24) is real, float(25) to float(53) is float.
            return _built(DType.FLOAT if int(sizes[0]) <= 24 else DType.DOUBLE, [])
        return _built(shape.dtype, sizes)

    def _type_name(self) -> str:
        for words, name in _SYNONYMS.items():
            if self.take(*words):
                return name
        if self.at_any(_SHAPES) or self.at_any(_REFUSED):
            return self.advance().value
        name = self.identifier().name.upper()
        if name == "SYS" and self.take("."):
            return self._type_name()
        return _SYNONYMS.get((name,), name)

    def _size(self, shape: _Shape) -> str:
        if shape.may_be_max and self.take("MAX"):
            return "MAX"
        token = self.expect_kind(Kind.NUMBER)
        if not token.value.isdecimal() or len(token.value) > 9:
            self.fail("expected a small whole number", token=token)
        return token.value

    def _check(self, name: str, shape: _Shape, sizes: list[str], token: Token) -> None:
        fits = len(sizes) <= len(shape.limits)
        smallest = 1 if name == "DECIMAL" else shape.smallest
        for size, largest in zip(sizes, shape.limits, strict=False):
            fits = fits and (size == "MAX" or smallest <= int(size) <= largest)
            smallest = 0
        if len(sizes) == 2 and int(sizes[1]) > int(sizes[0]):
            fits = False
        if not fits:
            given = ", ".join(sizes)
            self._unbound(
                f"The size ({given}) given to the type '{name.lower()}' is out of range.",
                _allowed(shape),
                token,
            )

    def _unbound(self, message: str, hint: str, token: Token) -> NoReturn:
        line, column = self.place(token)
        raise BindError(message, hint, line=line, column=column, token=token.text)


def _allowed(shape: _Shape) -> str:
    numbers = ", ".join(f"up to {limit}" for limit in shape.limits)
    return f"in its parentheses stand {numbers}" if numbers else "it has no parentheses"


def _built(dtype: exp.DType, sizes: list[str]) -> exp.DataType:
    parameters: list[exp.Expr] = [
        exp.DataTypeParam(this=exp.Var(this="MAX") if size == "MAX" else exp.Literal.number(size))
        for size in sizes
    ]
    return exp.DataType(this=dtype, expressions=parameters, nested=False)
