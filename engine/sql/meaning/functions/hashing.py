"""Hashes and identifiers.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT HASHBYTES('SHA2_256', name) AS a, NEWID() AS b FROM t"))
SELECT UNHEX(SHA256(t.name)) AS a, UUID() AS b FROM t AS t
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.meaning.functions.refused import STORAGE_HASH
from engine.sql.meaning.trees import call, cast, number
from engine.sql.meaning.types import BIGINT, INT, UNIQUEIDENTIFIER, varbinary
from engine.sql.meaning.values import Value, constant

if TYPE_CHECKING:
    from engine.sql.meaning.functions.call import Call, Function

_DUCKDB = {"MD5": "MD5", "SHA": "SHA1", "SHA1": "SHA1", "SHA2_256": "SHA256"}
_PYTHON = {"MD5": "md5", "SHA": "sha1", "SHA1": "sha1", "SHA2_256": "sha256", "SHA2_512": "sha512"}


def hash_bytes(call_: Call) -> Value:
    """HASHBYTES of bytes, or of the bytes of a text: UTF-8 for varchar, UTF-16 for nvarchar."""
    algorithm = call_.constant_text(0, "The algorithm").upper()
    value = call_.value(1)
    if not (value.type.is_text or value.type.is_bytes or value.is_null):
        raise call_.invalid(value.type, 1)
    if algorithm not in _PYTHON:
        raise call_.refused(f"the algorithm {algorithm}", "Use SHA2_256.")
    if isinstance(value.constant, str):
        data = value.constant.encode("utf-16-le" if value.type.is_unicode else "utf-8")
        return constant(
            hashlib.new(_PYTHON[algorithm], data, usedforsecurity=False).digest(), varbinary(8000)
        )
    if value.type.is_unicode:
        raise call_.refused("nvarchar, whose bytes are UTF-16", "CAST it to varchar.")
    if algorithm not in _DUCKDB:
        raise call_.refused("SHA2_512 of a column", "Use SHA2_256.")
    return Value(call("UNHEX", call(_DUCKDB[algorithm], value.tree)), varbinary(8000))


def new_id(call_: Call) -> Value:
    del call_
    return Value(call("UUID"), UNIQUEIDENTIFIER)


def checksum(call_: Call) -> Value:
    """CHECKSUM of NEWID() alone: any whole number, as the sampling idiom wants one."""
    if [type(one) for one in call_.arguments] != [exp.Uuid]:
        raise call_.refused(STORAGE_HASH, "Use HASHBYTES.")
    above = exp.Mod(this=call("HASH", call("UUID")), expression=number(1 << 32))
    return Value(cast(exp.Sub(this=cast(above, BIGINT), expression=number(1 << 31)), INT), INT)


FUNCTIONS: dict[str, Function] = {
    "BINARY_CHECKSUM": checksum,
    "CHECKSUM": checksum,
    "HASHBYTES": hash_bytes,
    "NEWID": new_id,
}
