"""How a stored table says where its rows lie: in the description of its Delta log, as JSON."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING

import duckdb

from engine.sql.plan import Hash, Layout, Replicate, RoundRobin

if TYPE_CHECKING:
    from collections.abc import Mapping

_DISTRIBUTION = "distribution"
_PLAIN: Mapping[str, Layout] = {"ROUND_ROBIN": RoundRobin(), "REPLICATE": Replicate()}
_NAMES = {RoundRobin: "ROUND_ROBIN", Replicate: "REPLICATE"}

# A value of each canonical form, and a pair. Tables outlive versions of DuckDB, whose hashes may change.
_SAMPLES = r"""
SELECT hash(1::BIGINT), hash('a'), hash(1.5::DOUBLE), hash(1.5::FLOAT), hash(1.5::DECIMAL(38, 2)), hash(TRUE),
    hash(DATE '2000-01-02'), hash(TIME '01:02:03'), hash(TIMESTAMP '2000-01-02 03:04:05'),
    hash(TIMESTAMPTZ '2000-01-02 03:04:05+00'), hash('\x01'::BLOB), hash(NULL::BIGINT),
    hash('00000000-0000-0000-0000-000000000001'::UUID), hash(1::BIGINT, 'a')
"""


def spell_layout(layout: Layout) -> str:
    """What a table says of itself.

    >>> spell_layout(Replicate())
    '{"distribution": "REPLICATE"}'
    """
    if isinstance(layout, Hash):
        told = {_DISTRIBUTION: "HASH", "columns": list(layout.columns), "function": hash_function()}
        return json.dumps(told)
    return json.dumps({_DISTRIBUTION: _NAMES[type(layout)]})


def read_layout(description: str | None) -> Layout:
    """The layout that a description tells; tables of other tools lie by no rule."""
    told = _told(description)
    columns = told.get("columns")
    if told.get(_DISTRIBUTION) == "HASH" and isinstance(columns, list):
        return Hash(tuple(map(str, columns)))
    return _PLAIN.get(str(told.get(_DISTRIBUTION)), RoundRobin())


def is_of_this_function(description: str | None) -> bool:
    """Whether the distributions of a `Hash` table were computed by the function that moves rows today."""
    return _told(description).get("function") == hash_function()


@cache
def hash_function() -> str:
    """A fingerprint of the function from values to hashes, one text for one function."""
    with duckdb.connect() as connection:
        hashes = connection.sql(_SAMPLES).fetchall()
    return hashlib.sha256(repr(hashes).encode()).hexdigest()[:16]


def _told(description: str | None) -> Mapping[str, object]:
    try:
        told = json.loads(description or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
