"""Statements of T-SQL that are known and not honoured, each with a reason and a way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar

_NO_SECRETS = ("Tarn keeps no secrets of its own", "give the pool its storage options when it is opened")
_NO_USERS = (
    "who may read and write is decided by the storage",
    "grant the right on the folder or the bucket",
)
_NO_CODE = ("a pool runs queries, not functions", "use a view, a procedure or an expression")
_NO_INDEX = ("tables have one order and row-group statistics", "name an index in CREATE TABLE ... WITH (...)")
_NO_CURSORS = ("a pool works on sets of rows", "write one statement over the whole set")
_NO_JUMPS = ("a batch runs from top to bottom", "use IF, WHILE or TRY")
_NO_SERVER = ("there is no server to administer", "use the client to open, pause and close pools")
_NO_FULLTEXT = ("there is no full-text index", "use LIKE")

# Behind CREATE, ALTER or DROP.
_OBJECTS: dict[tuple[str, ...], tuple[str, str]] = {
    ("AGGREGATE",): _NO_CODE,
    ("ASSEMBLY",): _NO_CODE,
    ("ASYMMETRIC", "KEY"): _NO_SECRETS,
    ("CERTIFICATE",): _NO_SECRETS,
    ("CLUSTERED",): _NO_INDEX,
    ("COLUMNSTORE",): _NO_INDEX,
    ("DATABASE", "ENCRYPTION"): _NO_SECRETS,
    ("DATABASE",): ("a workspace is a folder", "open another workspace"),
    ("EVENT",): _NO_SERVER,
    ("FULLTEXT",): _NO_FULLTEXT,
    ("INDEX",): _NO_INDEX,
    ("LOGIN",): _NO_USERS,
    ("NONCLUSTERED",): _NO_INDEX,
    ("PARTITION", "FUNCTION"): _NO_INDEX,
    ("PARTITION", "SCHEME"): _NO_INDEX,
    ("ROLE",): _NO_USERS,
    ("SECURITY", "POLICY"): _NO_USERS,
    ("SEQUENCE",): ("there are no sequences", "use IDENTITY, or ROW_NUMBER() OVER (...)"),
    ("SERVER",): _NO_SERVER,
    ("SYMMETRIC", "KEY"): _NO_SECRETS,
    ("SYNONYM",): ("an object has one name", "make a view"),
    ("TRIGGER",): ("nothing runs when a table changes", "call a procedure after the change"),
    ("TYPE",): ("there are only the types of the language", "write the type itself"),
    ("UNIQUE",): _NO_INDEX,
    ("USER",): _NO_USERS,
}
_STATEMENTS: dict[tuple[str, ...], tuple[str, str]] = {
    ("ADD", "SENSITIVITY"): _NO_USERS,
    ("ADD", "SIGNATURE"): _NO_SECRETS,
    ("ALTER", "AUTHORIZATION"): _NO_USERS,
    ("ALTER", "EXTERNAL"): ("an external object is only what its text says", "drop it and create it anew"),
    ("BACKUP",): _NO_SERVER,
    ("BEGIN", "DISTRIBUTED"): ("a transaction stays in one workspace", "use BEGIN TRANSACTION"),
    ("BULK", "INSERT"): ("COPY INTO does the same", "use COPY INTO"),
    ("CHECKPOINT",): _NO_SERVER,
    ("CLOSE",): _NO_CURSORS,
    ("DEALLOCATE",): _NO_CURSORS,
    ("DENY",): _NO_USERS,
    ("DISABLE", "TRIGGER"): ("there are no triggers", "leave it out"),
    ("ENABLE", "TRIGGER"): ("there are no triggers", "leave it out"),
    ("FETCH",): _NO_CURSORS,
    ("GOTO",): _NO_JUMPS,
    ("GRANT",): _NO_USERS,
    ("OPEN",): _NO_CURSORS,
    ("READTEXT",): ("text is an ordinary type", "use SUBSTRING"),
    ("RECONFIGURE",): _NO_SERVER,
    ("RESTORE",): _NO_SERVER,
    ("REVERT",): _NO_USERS,
    ("REVOKE",): _NO_USERS,
    ("SAVE", "TRAN"): ("a transaction has no savepoints", "use one transaction for each step"),
    ("SAVE", "TRANSACTION"): ("a transaction has no savepoints", "use one transaction for each step"),
    ("SETUSER",): _NO_USERS,
    ("SHUTDOWN",): _NO_SERVER,
    ("UPDATETEXT",): ("text is an ordinary type", "use UPDATE"),
    ("WAITFOR",): ("a batch does not sleep", "wait in the client"),
    ("WRITETEXT",): ("text is an ordinary type", "use UPDATE"),
}
_VERBS = ("CREATE", "ALTER", "DROP")


def refuse_known(p: Grammar) -> None:
    """Raise UnsupportedSqlError if the statement that comes next is one of these."""
    for words, (why, hint) in _STATEMENTS.items():
        if p.at(*words):
            p.refuse(" ".join(words), why, hint)
    if p.at_name() and p.at_any((":",), 1):
        p.refuse("A label", *_NO_JUMPS)
    for verb in _VERBS:
        if not p.at(verb):
            continue
        for words, (why, hint) in _OBJECTS.items():
            if p.at(verb, *words) or p.at(verb, "OR", "ALTER", *words):
                p.refuse(" ".join((verb, *words)), why, hint)
