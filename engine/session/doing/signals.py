"""How BREAK, CONTINUE and RETURN leave what they stand in."""

from __future__ import annotations


class Signal(Exception):  # noqa: N818 - no error
    """Control that leaves a statement; never seen outside of a session."""


class BreakLoop(Signal):
    """BREAK."""


class ContinueLoop(Signal):
    """CONTINUE."""


class ReturnFrom(Signal):
    """RETURN [value] of a procedure or a batch."""

    def __init__(self, value: int = 0) -> None:
        super().__init__(value)
        self.value = value
