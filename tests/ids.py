"""Names of parametrised tests that are the same in every process: pytest-xdist compares them."""

from __future__ import annotations

import re


def id_of(value: object) -> str:
    """The text of a value without the addresses in it."""
    return re.sub(r"\s+at 0x[0-9a-f]+", "", " ".join(str(value).split()))[:60]
