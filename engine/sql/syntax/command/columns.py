"""Columns and keys of tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.syntax.statements.tables import ColumnDefinition, Identity, KeyConstraint

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar

_REFUSED = {
    "CHECK": ("no rows are checked when they are written", "check them with a SELECT"),
    "ENCRYPTED": ("columns are stored in the clear", "encrypt the values yourself"),
    "FILESTREAM": ("there are no file streams", "use varbinary(max)"),
    "FOREIGN": ("tables keep no references", "check them with a SELECT"),
    "GENERATED": ("tables are not temporal", "versions are kept of every table"),
    "INDEX": ("tables have one order", "name a clustered index in WITH (...)"),
    "MASKED": ("columns are shown to all or to none", "make a view without the column"),
    "PERIOD": ("tables are not temporal", "versions are kept of every table"),
    "REFERENCES": ("tables keep no references", "check them with a SELECT"),
    "ROWGUIDCOL": ("there is no replication", "leave it out"),
    "SPARSE": ("columns are compressed anyway", "leave it out"),
}


@dataclass(slots=True)
class Definitions:
    """What the parentheses behind the name of a table hold."""

    columns: list[ColumnDefinition]
    keys: list[KeyConstraint]


def definitions(p: Grammar) -> Definitions:
    """Columns and keys, parted by commas, without parentheses."""
    found = Definitions([], [])
    p.listed(lambda: _definition(p, found))
    return found


def _definition(p: Grammar, found: Definitions) -> None:
    refuse_unkept(p)
    if p.at_any(("CONSTRAINT", "PRIMARY", "UNIQUE")):
        name = p.identifier().name if p.take("CONSTRAINT") else ""
        refuse_unkept(p)
        found.keys.append(_key(p, name, None))
    else:
        found.columns.append(_column(p, found.keys))


def refuse_unkept(p: Grammar) -> None:
    """Refuse what is right in T-SQL and that no table here would keep."""
    word = p.token.value
    if p.at_any(_REFUSED) and not (word == "PERIOD" and not p.at_any(("FOR",), 1)):
        why, hint = _REFUSED[word]
        p.refuse(f"{word} in a table", why, hint)


def _key(p: Grammar, name: str, column: str | None) -> KeyConstraint:
    primary = p.expect_any(("PRIMARY", "UNIQUE")) == "PRIMARY"
    if primary:
        p.expect("KEY")
    if p.at("CLUSTERED"):
        p.refuse("A clustered key", "keys are promises, not indexes", "write NONCLUSTERED ... NOT ENFORCED")
    p.take("NONCLUSTERED")
    columns = tuple(p.wrapped_list(lambda: _key_column(p))) if column is None or p.at("(") else (column,)
    if not p.take("NOT", "ENFORCED"):
        p.refuse("An enforced key", "nobody checks rows for it", "write NOT ENFORCED behind it")
    return KeyConstraint(columns, primary, name)


def _key_column(p: Grammar) -> str:
    name = p.identifier().name
    p.take_any(("ASC", "DESC"))
    return name


def plain_column(p: Grammar) -> ColumnDefinition:
    """`name type [COLLATE collation] [NULL | NOT NULL]`: all that ALTER COLUMN and external tables know."""
    name = p.identifier().name
    kind = p.data_type()
    collation = p.collation().name if p.take("COLLATE") else ""
    return ColumnDefinition(name, kind, nullable(p), collation=collation)


def nullable(p: Grammar) -> bool | None:
    if p.take("NOT", "NULL"):
        return False
    return True if p.take("NULL") else None


@dataclass(slots=True)
class _Options:
    """What has been read of one column so far."""

    nullable: bool | None = None
    default: exp.Expr | None = None
    identity: Identity | None = None
    collation: str = ""


def _column(p: Grammar, keys: list[KeyConstraint]) -> ColumnDefinition:
    name = p.identifier().name
    if p.at("AS"):
        p.refuse("A computed column", "tables hold values, not formulas", "compute it in a view")
    kind = p.data_type()
    options = _Options()
    while not p.at_any((",", ")")) and _option(p, name, options, keys):
        pass
    return ColumnDefinition(
        name, kind, options.nullable, options.default, options.identity, options.collation
    )


def _option(p: Grammar, column: str, options: _Options, keys: list[KeyConstraint]) -> bool:
    """Read one option of a column; False when none comes next."""
    constraint = p.identifier().name if p.take("CONSTRAINT") else ""
    refuse_unkept(p)
    if p.at_any(("PRIMARY", "UNIQUE")):
        keys.append(_key(p, constraint, column))
    elif p.take("DEFAULT"):
        options.default = _default(p)
    elif p.take("IDENTITY"):
        options.identity = _identity(p)
    elif p.take("COLLATE"):
        options.collation = p.collation().name
    elif (said := nullable(p)) is not None:
        options.nullable = said
    else:
        return bool(constraint) and p.fail("expected DEFAULT, PRIMARY KEY or UNIQUE")
    return True


def _default(p: Grammar) -> exp.Expr:
    start = p.token
    value = p.expression()
    computed = (exp.Column, exp.Func, exp.Query, exp.Parameter)
    if any(isinstance(node, computed) and not isinstance(node, exp.Cast) for node in value.walk()):
        p.refuse(
            "A DEFAULT that is computed",
            "a default is a constant",
            "give the value in the INSERT",
            token=start,
        )
    return value


def _identity(p: Grammar) -> Identity:
    if not p.at("("):
        return Identity()
    numbers = p.wrapped_list(p.whole_number)
    if len(numbers) != 2 or numbers[1] == 0:
        p.fail("write IDENTITY (seed, increment)", token=p.peek(-1))
    return Identity(*numbers)
