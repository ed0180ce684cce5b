"""Functions of T-SQL that are known and not honoured, and why: the support matrix's list."""

from __future__ import annotations

STORAGE_HASH = "its value is a hash of SQL Server's own storage format"
_SERVER = "there is no such object or property of a server here"
REFUSED: dict[str, tuple[str, str]] = {
    "APPROX_PERCENTILE_CONT": ("its sketch is SQL Server's own", "Use PERCENTILE_CONT with OVER."),
    "APPROX_PERCENTILE_DISC": ("its sketch is SQL Server's own", "Use PERCENTILE_DISC with OVER."),
    "BIT_COUNT": ("it came with SQL Server 2022 and no SQL pool has it", "Use % and /."),
    "CHECKSUM_AGG": (STORAGE_HASH, "Use COUNT_BIG and SUM."),
    "COMPRESS": ("rows hold no compressed values", "Store the text itself."),
    "CURRENT_TIMEZONE": ("the machine's time zone means nothing in a cluster", "Use AT TIME ZONE."),
    "CURRENT_TIMEZONE_ID": ("the machine's time zone means nothing in a cluster", "Use AT TIME ZONE."),
    "DECOMPRESS": ("rows hold no compressed values", "Store the text itself."),
    "FORMATMESSAGE": ("there are no stored messages", "Use CONCAT."),
    "GET_BIT": ("it came with SQL Server 2022 and no SQL pool has it", "Use & and /."),
    "IDENTITY": ("rows are not numbered as they are made", "Use ROW_NUMBER() OVER (...)."),
    "JSON_MODIFY": ("JSON text is not changed in place", "Build the text with FOR JSON PATH."),
    "LEFT_SHIFT": ("it came with SQL Server 2022 and no SQL pool has it", "Use * POWER(2, n)."),
    "RIGHT_SHIFT": ("it came with SQL Server 2022 and no SQL pool has it", "Use / POWER(2, n)."),
    "SESSION_CONTEXT": ("a query sees no context of the session", "Use a variable."),
    "SET_BIT": ("it came with SQL Server 2022 and no SQL pool has it", "Use |."),
    **dict.fromkeys(
        "COL_LENGTH COL_NAME COLLATIONPROPERTY COLUMNPROPERTY DATABASEPROPERTYEX HAS_PERMS_BY_NAME "
        "INDEXPROPERTY"
        " IS_MEMBER IS_ROLEMEMBER OBJECT_ID OBJECT_NAME OBJECT_SCHEMA_NAME OBJECTPROPERTY SCHEMA_ID"
        " SERVERPROPERTY STATS_DATE SUSER_ID TYPE_ID TYPE_NAME USER_ID".split(),
        (_SERVER, "Query INFORMATION_SCHEMA."),
    ),
}
