"""LIKE.

Blanks at the end of a varchar do not count, of an nvarchar they do ("LIKE", remarks). Bounds of the literal
prefix stand beside the match, for pruning.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT 1 AS x FROM t WHERE name LIKE 'A%' AND name LIKE '%[0-9]%'"))
SELECT 1 AS x FROM t AS t WHERE t.name >= 'A' AND t.name < 'B' AND t.name LIKE 'A%' AND \
REGEXP_FULL_MATCH(t.name, '(?s).*[0-9].*')
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.conversion.convert import to_string
from engine.sql.meaning.patterns import Step, is_simple, like_text, literal_prefix, read_pattern, regex_text
from engine.sql.meaning.trees import binary, both, call, negate, text
from engine.sql.meaning.values import Value, predicate, string_of

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context
    from engine.sql.meaning.collation import Collation

_ESCAPE = "\\"
_LAST_CHARACTER = 0xFFFF


def like(node: exp.Expr, context: Context) -> Value:
    """Translate LIKE without ESCAPE."""
    return _like(node, None, context)


def escaped(node: exp.Expr, context: Context) -> Value:
    """Translate LIKE with ESCAPE."""
    if not isinstance(node.this, exp.Like):
        raise BindError("ESCAPE belongs to LIKE.", **place(node))
    escape = string_of(to_string(context.value(node.expression)), "The escape character of LIKE")
    if len(escape) != 1:
        raise BindError(
            f'The invalid escape character "{escape}" was specified in a LIKE predicate.', **place(node)
        )
    return _like(node.this, escape, context)


def _like(node: exp.Expr, escape: str | None, context: Context) -> Value:
    subject, pattern = to_string(context.value(node.this)), to_string(context.value(node.expression))
    collation = context.collation_of(subject.type, pattern.type)
    unicode = subject.type.is_unicode or pattern.type.is_unicode
    if isinstance(pattern.constant, str):
        tree = _constant_like(subject, read_pattern(pattern.constant, escape), collation, unicode=unicode)
    else:
        tree = _variable_like(subject, pattern, escape, collation)
    return predicate(negate(tree) if node.args.get("negate") else tree)


def _constant_like(
    subject: Value, steps: tuple[Step, ...], collation: Collation, *, unicode: bool
) -> exp.Expr:
    open_end = bool(steps) and steps[-1].kind == "%"
    exact = open_end or unicode or subject.type.trimmed
    if not exact and steps and steps[-1].kind == "text" and steps[-1].text != " " and is_simple(steps):
        # What ends in a character that is no blank matches no trailing blank.
        bare = call("RTRIM", subject.tree, text(" "))
        return _bounded(subject, steps, collation, _simple(bare, steps, collation))
    if exact and is_simple(steps):
        return _bounded(subject, steps, collation, _simple(subject.tree, steps, collation))
    flags = "(?is)" if collation.fold_case else "(?s)"
    regex = text(flags + regex_text(steps) + ("" if exact else " *"))
    return _bounded(
        subject, steps, collation, call("REGEXP_FULL_MATCH", _unaccented(subject.tree, collation), regex)
    )


def _simple(tree: exp.Expr, steps: tuple[Step, ...], collation: Collation) -> exp.Expr:
    written = like_text(steps, _ESCAPE)
    operator = exp.ILike if collation.fold_case else exp.Like
    match = binary(operator, _unaccented(tree, collation), text(written))
    return exp.Escape(this=match, expression=text(_ESCAPE)) if _ESCAPE in written else match


def _unaccented(tree: exp.Expr, collation: Collation) -> exp.Expr:
    return call("STRIP_ACCENTS", tree) if collation.fold_accent else tree


def _bounded(subject: Value, steps: tuple[Step, ...], collation: Collation, match: exp.Expr) -> exp.Expr:
    prefix = literal_prefix(steps)
    foldable = not collation.fold_accent and (prefix.isascii() or not collation.fold_case)
    if (
        not prefix
        or not foldable
        or not isinstance(subject.tree, exp.Column)
        or ord(prefix[-1]) >= _LAST_CHARACTER
    ):
        return match
    low, high = (prefix.upper(), prefix.lower()) if collation.fold_case else (prefix, prefix)
    above = high[:-1] + chr(ord(high[-1]) + 1)
    return both(binary(exp.GTE, subject.tree, text(low)), binary(exp.LT, subject.tree, text(above)), match)


def _variable_like(subject: Value, pattern: Value, escape: str | None, collation: Collation) -> exp.Expr:
    """Match a pattern that only the data tells; classes in it end the statement."""
    trees = [_unaccented(value.tree, collation) for value in (subject, pattern)]
    if collation.fold_case:
        trees = [call("LOWER", tree) for tree in trees]
    if not (subject.type.is_unicode or pattern.type.is_unicode or subject.type.trimmed):
        return call("tsql_like_padded", *trees, text(escape or ""))
    return call("tsql_like", *trees, text(escape or ""))


RULES = {exp.Escape: escaped, exp.Like: like}
