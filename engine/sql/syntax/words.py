"""The words that T-SQL keeps for itself.

A reserved word is a name only in brackets or double quotes; this is also what ends a statement that has no
semicolon. Source: "Reserved keywords (Transact-SQL)", without the ODBC and future lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

# PRECISION is on SQL Server's list too, but is a column of sys.columns, and taken for a name everywhere.
RESERVED = frozenset(
    """
    ADD ALL ALTER AND ANY AS ASC AUTHORIZATION BACKUP BEGIN BETWEEN BREAK BROWSE BULK BY CASCADE CASE CHECK
    CHECKPOINT CLOSE CLUSTERED COALESCE COLLATE COLUMN COMMIT COMPUTE CONSTRAINT CONTAINS CONTAINSTABLE
    CONTINUE CONVERT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURSOR
    DATABASE DBCC DEALLOCATE DECLARE DEFAULT DELETE DENY DESC DISK DISTINCT DISTRIBUTED DOUBLE DROP DUMP ELSE
    END ERRLVL ESCAPE EXCEPT EXEC EXECUTE EXISTS EXIT EXTERNAL FETCH FILE FILLFACTOR FOR FOREIGN FREETEXT
    FREETEXTTABLE FROM FULL FUNCTION GOTO GRANT GROUP HAVING HOLDLOCK IDENTITY IDENTITYCOL IDENTITY_INSERT IF
    IN INDEX INNER INSERT INTERSECT INTO IS JOIN KEY KILL LEFT LIKE LINENO LOAD MERGE NATIONAL NOCHECK
    NONCLUSTERED NOT NULL NULLIF OF OFF OFFSETS ON OPEN OPENDATASOURCE OPENQUERY OPENROWSET OPENXML OPTION OR
    ORDER OUTER OVER PERCENT PIVOT PLAN PRIMARY PRINT PROC PROCEDURE PUBLIC RAISERROR READ READTEXT
    RECONFIGURE REFERENCES REPLICATION RESTORE RESTRICT RETURN REVERT REVOKE RIGHT ROLLBACK ROWCOUNT
    ROWGUIDCOL RULE SAVE SCHEMA SECURITYAUDIT SELECT SEMANTICKEYPHRASETABLE SEMANTICSIMILARITYDETAILSTABLE
    SEMANTICSIMILARITYTABLE SESSION_USER SET SETUSER SHUTDOWN SOME STATISTICS SYSTEM_USER TABLE TABLESAMPLE
    TEXTSIZE THEN TO TOP TRAN TRANSACTION TRIGGER TRUNCATE TRY_CONVERT TSEQUAL UNION UNIQUE UNPIVOT UPDATE
    UPDATETEXT USE USER VALUES VARYING VIEW WAITFOR WHEN WHERE WHILE WITH WRITETEXT
    """.split()
)

# What other dialects write where T-SQL has something else.
FOREIGN = {
    "GO": "GO stands alone on its line",
    "ILIKE": "write LIKE; the collation of a column decides about case",
    "LIMIT": "write SELECT TOP (n) ..., or ORDER BY ... OFFSET 0 ROWS FETCH NEXT n ROWS ONLY",
    "QUALIFY": "filter the window function in a query around this one",
    "USING": "write ON a.x = b.x",
    "|": "join strings with + or CONCAT",
    "*=": "write LEFT JOIN ... ON",
}

# Functions of other dialects, and what T-SQL has.
FOREIGN_FUNCTIONS = {
    "ADD_MONTHS": "DATEADD(month, n, d)",
    "CEIL": "CEILING",
    "CHAR_LENGTH": "LEN",
    "DATE_ADD": "DATEADD(part, n, d)",
    "DATE_DIFF": "DATEDIFF(part, from, to)",
    "DATE_FORMAT": "FORMAT",
    "DATE_PART": "DATEPART(part, d)",
    "DATE_TRUNC": "DATETRUNC(part, d)",
    "DECODE": "CASE",
    "EXTRACT": "DATEPART(part, d)",
    "GROUP_CONCAT": "STRING_AGG",
    "IF": "IIF",
    "IFNULL": "ISNULL",
    "INITCAP": "UPPER(LEFT(s, 1)) + LOWER(SUBSTRING(s, 2, 8000))",
    "INSTR": "CHARINDEX(part, s)",
    "LAST_DAY": "EOMONTH",
    "LENGTH": "LEN",
    "LISTAGG": "STRING_AGG",
    "LOCATE": "CHARINDEX",
    "LPAD": "RIGHT(REPLICATE(' ', n) + s, n)",
    "MD5": "HASHBYTES('MD5', s)",
    "MEDIAN": "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x) OVER ()",
    "MOD": "%",
    "NOW": "GETDATE()",
    "NVL": "ISNULL",
    "POSITION": "CHARINDEX(part, s)",
    "POW": "POWER",
    "REGEXP_LIKE": "LIKE or PATINDEX",
    "REGEXP_REPLACE": "REPLACE or TRANSLATE",
    "RPAD": "LEFT(s + REPLICATE(' ', n), n)",
    "SPLIT_PART": "STRING_SPLIT(s, separator, 1)",
    "STDDEV": "STDEV",
    "STRPOS": "CHARINDEX(part, s)",
    "SUBSTR": "SUBSTRING",
    "TO_CHAR": "FORMAT",
    "TO_DATE": "CONVERT(DATE, s, style)",
    "TO_NUMBER": "CAST",
    "TO_TIMESTAMP": "CONVERT(DATETIME2, s, style)",
    "TRUNC": "ROUND(x, n, 1)",
    "UCASE": "UPPER",
    "VARIANCE": "VAR",
}

# Reserved, and yet the name of a function.
FUNCTION_WORDS = frozenset(
    "COALESCE CONTAINS CONVERT FREETEXT IDENTITY LEFT NULLIF RIGHT TRY_CONVERT UPDATE".split()
)


def function_meant(name: str, known: Iterable[str]) -> str:
    """What to write in the place of an unknown function; empty if nothing is like it.

    >>> function_meant("NVL", ["ISNULL"]), function_meant("LENGHT", ["LEN"])
    ('write ISNULL in place of NVL', 'write LEN in place of LENGHT')
    """
    near = get_close_matches(name.upper(), (*known, *FOREIGN_FUNCTIONS), n=1, cutoff=0.75)
    return f"write {FOREIGN_FUNCTIONS.get(near[0], near[0])} in place of {name}" if near else ""


def meant(word: str, known: Iterable[str], *, cutoff: float = 0.75) -> str:
    """Ask whether the nearest known word was meant; empty if the word is known or none is near.

    >>> meant("HEADERROW", ["FIRSTROW", "HEADER_ROW"])
    'did you mean HEADER_ROW in place of HEADERROW?'
    """
    words = tuple(known)
    near = [] if word.upper() in words else get_close_matches(word.upper(), words, n=1, cutoff=cutoff)
    return f"did you mean {near[0]} in place of {word}?" if near else ""
