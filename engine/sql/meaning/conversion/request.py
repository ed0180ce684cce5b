"""What a conversion was asked to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """How to convert.

    Attributes:
        style: The style of CONVERT; None if none was given.
        safe: Give NULL where the value cannot be converted (TRY_CAST, TRY_CONVERT).
        explicit: Asked for by CAST or CONVERT; more is allowed, and text is cut to its length in silence.
    """

    style: int | None = None
    safe: bool = False
    explicit: bool = False


IMPLICIT = Request()
