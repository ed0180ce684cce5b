"""T-SQL's built-in functions: how many arguments each takes, and the node that it becomes.

Sources: the function pages of the T-SQL reference for Azure Synapse and SQL Server. A name that is not here
is still a call (`exp.Anonymous`): whether there is such a function is for the binder to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from types import MappingProxyType
from typing import Any

from sqlglot import exp
from sqlglot.dialects.tsql import TSQL
from sqlglot.parsers.tsql import TSQLParser

_TABLE = """
APPROX_COUNT_DISTINCT 1, APPROX_PERCENTILE_CONT 1, APPROX_PERCENTILE_DISC 1, AVG 1, CHECKSUM_AGG 1, COUNT 1,
COUNT_BIG 1, GROUPING 1, GROUPING_ID 1-, MAX 1, MIN 1, STDEV 1, STDEVP 1, SUM 1, VAR 1, VARP 1,

CUME_DIST 0, DENSE_RANK 0, FIRST_VALUE 1, LAG 1-3, LAST_VALUE 1, LEAD 1-3, NTILE 1, PERCENTILE_CONT 1,
PERCENTILE_DISC 1, PERCENT_RANK 0, RANK 0, ROW_NUMBER 0,

CURRENT_TIMEZONE 0, CURRENT_TIMEZONE_ID 0, DATEADD 3, DATEDIFF 3, DATEDIFF_BIG 3, DATEFROMPARTS 3, DATENAME 2,
DATEPART 2, DATETIME2FROMPARTS 8, DATETIMEFROMPARTS 7, DATETIMEOFFSETFROMPARTS 10, DATETRUNC 2,
DATE_BUCKET 3-4, DAY 1, EOMONTH 1-2, GETDATE 0, GETUTCDATE 0, ISDATE 1, MONTH 1, SMALLDATETIMEFROMPARTS 5,
SWITCHOFFSET 2, SYSDATETIME 0, SYSDATETIMEOFFSET 0, SYSUTCDATETIME 0, TIMEFROMPARTS 5, TODATETIMEOFFSET 2,
YEAR 1,

ISJSON 1-2, JSON_MODIFY 3, JSON_PATH_EXISTS 2, JSON_QUERY 1-2, JSON_VALUE 2,

CHOOSE 2-, COALESCE 2-, GREATEST 1-, ISNULL 2, LEAST 1-, NULLIF 2,

ABS 1, ACOS 1, ASIN 1, ATAN 1, ATN2 2, BIT_COUNT 1, CEILING 1, COS 1, COT 1, DEGREES 1, EXP 1, FLOOR 1,
GET_BIT 2, LEFT_SHIFT 2, LOG 1-2, LOG10 1, PI 0, POWER 2, RADIANS 1, RAND 0-1, RIGHT_SHIFT 2, ROUND 2-3,
SET_BIT 2-3, SIGN 1, SIN 1, SQRT 1, SQUARE 1, TAN 1,

ASCII 1, CHAR 1, CHARINDEX 2-3, CONCAT 2-254, CONCAT_WS 3-254, DIFFERENCE 2, FORMAT 2-3, LEFT 2, LEN 1,
LOWER 1, LTRIM 1-2, NCHAR 1, PATINDEX 2, QUOTENAME 1-2, REPLACE 3, REPLICATE 2, REVERSE 1, RIGHT 2, RTRIM 1-2,
SOUNDEX 1, SPACE 1, STR 1-3, STRING_ESCAPE 2, STUFF 4, SUBSTRING 2-3, TRANSLATE 3, UNICODE 1, UPPER 1,

BINARY_CHECKSUM 1-, CHECKSUM 1-, COMPRESS 1, DATALENGTH 1, DECOMPRESS 1, ERROR_LINE 0, ERROR_MESSAGE 0,
ERROR_NUMBER 0, ERROR_PROCEDURE 0, ERROR_SEVERITY 0, ERROR_STATE 0, FORMATMESSAGE 1-, HASHBYTES 2,
HOST_NAME 0, ISNUMERIC 1, NEWID 0, PARSENAME 2, ROWCOUNT_BIG 0, SESSION_CONTEXT 1, SESSION_ID 0, XACT_STATE 0,

APP_NAME 0, COL_LENGTH 2, COL_NAME 2, COLLATIONPROPERTY 2, COLUMNPROPERTY 3, DATABASEPROPERTYEX 2, DB_ID 0-1,
DB_NAME 0-1, HAS_PERMS_BY_NAME 3-5, INDEXPROPERTY 3, IS_MEMBER 1, IS_ROLEMEMBER 1-2, OBJECT_ID 1-2,
OBJECT_NAME 1-2, OBJECT_SCHEMA_NAME 1-2, OBJECTPROPERTY 2, ORIGINAL_LOGIN 0, SCHEMA_ID 0-1, SCHEMA_NAME 0-1,
SERVERPROPERTY 1, STATS_DATE 2, SUSER_ID 0-1, SUSER_NAME 0-1, SUSER_SNAME 0-1, TYPE_ID 1, TYPE_NAME 1,
USER_ID 0-1, USER_NAME 0-1,

GENERATE_SERIES 2-3, STRING_SPLIT 2-3
"""

# Their standard nodes forget the picture (FORMAT), the part (DATENAME), that the result is a float (SQUARE)
# or a datetime2 (SYSDATETIME), take a login for a user (SUSER_NAME) or split a literal at once (PARSENAME).
AS_WRITTEN = frozenset("FORMAT DATENAME GET_BIT PARSENAME SQUARE SUSER_NAME SUSER_SNAME SYSDATETIME".split())

# DISTINCT may stand before the argument of these.
AGGREGATES = frozenset(
    "APPROX_COUNT_DISTINCT AVG CHECKSUM_AGG COUNT COUNT_BIG MAX MIN STDEV STDEVP SUM VAR VARP".split()
)
# These take `*` for an argument.
STARRED = frozenset(("BINARY_CHECKSUM", "CHECKSUM", "COUNT", "COUNT_BIG"))

# The first argument of these is a part of a date, not a column.
DATED = frozenset(("DATEADD", "DATEDIFF", "DATEDIFF_BIG", "DATENAME", "DATEPART", "DATETRUNC", "DATE_BUCKET"))
DATE_PARTS = frozenset(
    """
    YEAR YY YYYY QUARTER QQ Q MONTH MM M DAYOFYEAR DY Y DAY DD D WEEK WK WW WEEKDAY DW W HOUR HH MINUTE MI N
    SECOND SS S MILLISECOND MS MICROSECOND MCS NANOSECOND NS TZOFFSET TZ ISO_WEEK ISOWK ISOWW
    """.split()
)


class _Quiet(TSQL):
    """A JSON path that is none stays a literal for the binder; sqlglot would write to its log."""

    STRICT_JSON_PATH_SYNTAX = False


Builder = Callable[[list[exp.Expr]], exp.Expr]


def _arities(table: str) -> dict[str, tuple[int, int | None]]:
    """Least and most arguments of each function; None is any number.

    >>> _arities("LAG 1-3, PI 0, CHOOSE 2-")
    {'LAG': (1, 3), 'PI': (0, 0), 'CHOOSE': (2, None)}
    """
    arities: dict[str, tuple[int, int | None]] = {}
    for entry in table.split(","):
        name, numbers = entry.split()
        least, dash, most = numbers.partition("-")
        arities[name] = (int(least), int(most) if most else None if dash else int(least))
    return arities


ARITIES: Mapping[str, tuple[int, int | None]] = MappingProxyType(_arities(_TABLE))


def build(name: str, arguments: list[exp.Expr]) -> exp.Expr | None:
    """The node of a call.

    Args:
        name: The function as it was written.
        arguments: As many as `ARITIES` allows.

    Returns:
        sqlglot's node for a built-in function of T-SQL, `exp.Anonymous` for any other. None if a literal is
        out of range: the builders compute with some, such as the days of DATEDIFF.
    """
    builder = _BUILDERS.get(name.upper())
    if builder is None:
        known = name.upper() in ARITIES
        return exp.Anonymous(this=name.upper() if known else name, expressions=arguments)
    try:
        return builder(arguments)
    except (ArithmeticError, ValueError):
        return None


def _builder(function: Callable[..., Any]) -> Builder:
    if "dialect" in signature(function).parameters:
        return lambda arguments: function(arguments, dialect=_Quiet())
    return function


_BUILDERS: dict[str, Builder] = {
    name: _builder(TSQLParser.FUNCTIONS[name])
    for name in ARITIES
    if name in TSQLParser.FUNCTIONS and name not in AS_WRITTEN
} | {
    "CHAR": lambda arguments: exp.Chr(expressions=arguments),
    "CEILING": exp.Ceil.from_arg_list,
    "FLOOR": exp.Floor.from_arg_list,
}
