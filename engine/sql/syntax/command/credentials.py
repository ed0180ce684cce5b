"""MASTER KEY, CREDENTIAL and DATABASE SCOPED CREDENTIAL: read, so that published scripts run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.sql.syntax.command.option_lists import option
from engine.sql.syntax.statements.objects import SecretStatement

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar
    from engine.sql.syntax.statements.base import Statement

_MASTER_KEY = ("MASTER", "KEY")
_CREDENTIALS = (("DATABASE", "SCOPED", "CREDENTIAL"), ("CREDENTIAL",))
_VERBS = ("CREATE", "ALTER", "DROP", "OPEN", "CLOSE")


def secret_statement(p: Grammar) -> Statement | None:
    """The statement about a secret that comes next; None if another kind does."""
    start = p.mark()
    for verb in _VERBS:
        if p.take(verb, *_MASTER_KEY):
            _master_key(p)
            return SecretStatement(p.since(start), f"{verb} MASTER KEY")
        for words in _CREDENTIALS:
            if verb in _VERBS[:3] and p.take(verb, *words):
                _credential(p, dropped=verb == "DROP")
                return SecretStatement(p.since(start), " ".join((verb, *words)))
    return None


def _master_key(p: Grammar) -> None:
    """`[{ENCRYPTION | DECRYPTION} BY PASSWORD = '...']`."""
    if p.take_any(("ENCRYPTION", "DECRYPTION")):
        p.expect("BY", "PASSWORD", "=")
        p.text()


def _credential(p: Grammar, *, dropped: bool) -> None:
    """`name WITH IDENTITY = '...' [, SECRET = '...']`."""
    p.take("IF", "EXISTS")
    p.identifier()
    if dropped:
        return
    p.expect("WITH")
    given: dict[str, str] = {}
    p.listed(lambda: option(p, {"IDENTITY": p.text, "SECRET": p.text}, given))
