"""What a pool and its workspace make of a session."""

from __future__ import annotations

from dataclasses import dataclass

from engine.events import Emit, silent
from engine.sql.meaning import BIN2, Collation


@dataclass(slots=True)
class Options:
    """What SET has changed for a session.

    Attributes:
        result_set_caching: Whether its queries may be answered from the cache, where the workspace has it on.
        showplan: `text` or `xml` where statements are explained and not done; else empty.
    """

    result_set_caching: bool = True
    showplan: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """Facts that hold for all sessions of a pool.

    Attributes:
        kind: `dedicated` or `serverless`; what is metered and what is cached depends on it.
        pool: The pool's name.
        strict: Refuse what Synapse refuses on this kind of pool.
        collation: How text compares where no column says otherwise.
        database: What three-part names call the workspace.
        user: Who asks.
        emit: Where events of requests go.
    """

    kind: str = "dedicated"
    pool: str = ""
    strict: bool = False
    collation: Collation = BIN2
    database: str = "tarn"
    user: str = "dbo"
    emit: Emit = silent

    @property
    def metered(self) -> bool:
        """Whether every query is billed by the bytes that it processes."""
        return self.kind == "serverless"
