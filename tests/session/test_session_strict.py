"""strict=True: what Synapse refuses on a kind of pool is refused, with its words; without, both have it all."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

from typing import TYPE_CHECKING

import predict_models as models
import pytest

from engine.errors import BindError, UnsupportedSqlError
from engine.runtime import InlineTasks
from engine.session import Session
from engine.session.profile import Profile

if TYPE_CHECKING:
    from pathlib import Path

    from engine.lake import Storage

PREPARED = "CREATE TABLE t (a INT, b NVARCHAR(9)); INSERT INTO t VALUES (1, 'x')"
NOT_SERVERLESS = [
    ("CREATE TABLE u (a INT)", "CREATE TABLE"),
    ("CREATE TABLE u WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT a FROM t", "CREATE TABLE AS SELECT"),
    ("SELECT a INTO u FROM t", "SELECT INTO"),
    ("INSERT INTO t VALUES (2, 'y')", "INSERT"),
    ("UPDATE t SET a = 2", "UPDATE"),
    ("DELETE FROM t", "DELETE"),
    ("TRUNCATE TABLE t", "TRUNCATE TABLE"),
    ("MERGE t USING (SELECT 1 AS a) AS s ON t.a = s.a WHEN MATCHED THEN DELETE;", "MERGE"),
    ("SELECT a FROM t OPTION (LABEL = 'x')", r"OPTION \(LABEL"),
    ("SELECT a, COUNT(*) AS n FROM t GROUP BY GROUPING SETS ((a), ())", "GROUPING SETS"),
    ("SET RESULT_SET_CACHING ON", "RESULT_SET_CACHING"),
    ("DBCC DROPRESULTSETCACHE", "DBCC"),
    ("EXPLAIN SELECT a FROM t", "EXPLAIN"),
    ("RENAME OBJECT t TO u", "RENAME OBJECT"),
    ("IF 1 = 1 BEGIN DELETE FROM t END", "DELETE"),
]
NOT_DEDICATED = [
    ("SELECT Id FROM OPENROWSET(BULK 'raw/**', FORMAT = 'PARQUET') AS r", "OPENROWSET"),
    ("CREATE VIEW v AS SELECT Id FROM OPENROWSET(BULK 'raw/**', FORMAT = 'PARQUET') AS r", "OPENROWSET"),
    ("SELECT a FROM t ORDER BY a OFFSET 0 ROWS FETCH NEXT 1 ROWS ONLY", r"OFFSET \.\.\. FETCH"),
    ("SELECT a FROM t FOR JSON PATH", "FOR JSON"),
    ("SELECT CHOOSE(1, 'a', 'b') AS c", "CHOOSE"),
    ("SELECT TRANSLATE('abc', 'a', 'x') AS c", "TRANSLATE"),
    ("SELECT STRING_ESCAPE('a', 'json') AS c", "STRING_ESCAPE"),
    ("USE tarn", "USE"),
    (
        "WHILE 1 = 0 CONTINUE; DECLARE @a INT = 0; WHILE @a < 1 BEGIN SET @a = @a + 1; CONTINUE END",
        "CONTINUE",
    ),
    ("CREATE TABLE u AS SELECT a FROM t", "requires the DISTRIBUTION option"),
]


def session_of(storage: Storage, kind: str, *, strict: bool) -> Session:
    profile = Profile(kind, strict=strict)
    return Session(InlineTasks(), storage, nodes=lambda _: 1, models=lambda: None, profile=profile)


@pytest.mark.parametrize(("text", "words"), NOT_SERVERLESS)
def test_a_strict_serverless_pool(storage: Storage, text: str, words: str) -> None:
    session_of(storage, "dedicated", strict=False).run(PREPARED)
    with pytest.raises(
        UnsupportedSqlError,
        match=f"^{words}.*: This syntax is not supported by serverless SQL pool in Azure Synapse Analytics.",
    ) as caught:
        session_of(storage, "serverless", strict=True).run(text)
    assert caught.value.hint.startswith("A dedicated pool has")
    assert caught.value.data["pool"] == "dedicated"
    assert caught.value.data["line"] == 1
    session_of(storage, "serverless", strict=False).run(text)


@pytest.mark.parametrize(("text", "words"), NOT_DEDICATED)
def test_a_strict_dedicated_pool(storage: Storage, months: Path, text: str, words: str) -> None:
    assert months.is_dir()
    session_of(storage, "serverless", strict=False).run(PREPARED)
    with pytest.raises(UnsupportedSqlError, match=words) as caught:
        session_of(storage, "dedicated", strict=True).run(text)
    assert "in dedicated SQL pool" in caught.value.message
    session_of(storage, "dedicated", strict=False).run(text)


def test_predict_says_what_an_edition_without_it_says(storage: Storage) -> None:
    with pytest.raises(UnsupportedSqlError, match="Incorrect syntax near 'MODEL'") as caught:
        session_of(storage, "serverless", strict=True).run(
            "SELECT p.s FROM PREDICT(MODEL = 0xAB, DATA = (SELECT 1 AS a) AS d, RUNTIME = ONNX) WITH (s REAL) AS p"
        )
    assert caught.value.hint == "A dedicated pool has PREDICT; without strict=True this pool has it too."


def test_what_both_kinds_have_goes_through(storage: Storage, months: Path) -> None:
    assert months.is_dir()
    session_of(storage, "dedicated", strict=True).run(
        f"{PREPARED}; UPDATE t SET a = a + 1; SELECT a FROM t OPTION (LABEL = 'x'); CREATE TABLE u WITH (DISTRIBUTION = HASH(a)) AS SELECT a FROM t"
    )
    found = session_of(storage, "serverless", strict=True).run(
        "CREATE TABLE #t (a INT); INSERT INTO #t VALUES (1); SELECT COUNT(*) AS n FROM OPENROWSET(BULK 'raw/**', FORMAT = 'PARQUET') AS r CROSS JOIN #t"
    )
    assert found.scalar() == 30


FARES = "CREATE TABLE f (a REAL, b REAL, c FLOAT, i INT, v VARBINARY(9))"


@pytest.mark.parametrize(
    ("model", "data", "outputs", "message"),
    [
        ("taxi", "SELECT CAST(c AS real) AS fareAmount, i AS paymentType, CAST(i AS bigint) AS passengerCount, a AS tripDistance, CAST(i AS bigint) AS tripTimeSecs, 'x' AS pickupTimeBin FROM f", "output_label bigint",
         "Message(s) from 'PREDICT' engine: The type of model column 'paymentType' is 'bigint'. Doesn't match the input column type."),
        ("taxi", "SELECT v AS fareAmount, i AS paymentType, i AS passengerCount, a AS tripDistance, i AS tripTimeSecs, 'x' AS pickupTimeBin FROM f", "output_label bigint",
         "Input data column #1 is of type 'varbinary(9)' which is not supported by 'PREDICT' function."),
        ("fares", "SELECT a, b FROM f", "variable real", "Input column 1 (1-based) has shape [1,2] which is not supported."),
        ("0xAB", "SELECT a, b FROM f", "variable real", "HRESULT 0x80070057. Model is corrupt or invalid."),
        ("taxi", "SELECT c2 AS fareAmount, i AS paymentType, i AS passengerCount, c2 AS tripDistance, i AS tripTimeSecs, 'x' AS pickupTimeBin FROM (SELECT a AS c2, CAST(i AS bigint) AS i FROM f) AS q", "score real",
         "WITH clause specified different output columns from what 'PREDICT' function tries to return"),
    ],
)  # fmt: skip
def test_predict_of_a_strict_dedicated_pool_is_as_particular_as_synapse(
    storage: Storage, model: str, data: str, outputs: str, message: str
) -> None:
    shelf = models.Shelf({"taxi": models.taxi(), "fares": models.fares()})
    session = Session(
        InlineTasks(), storage, nodes=lambda _: 1, models=lambda: shelf, profile=Profile(strict=True)
    )
    session.run(FARES)
    name = model if model.startswith("0x") else f"'{model}'"
    with pytest.raises(BindError) as caught:
        session.run(
            f"SELECT 1 AS x FROM PREDICT(MODEL = {name}, DATA = ({data}) AS d, RUNTIME = ONNX) WITH ({outputs}) AS p"
        )
    assert message in caught.value.message
    assert caught.value.hint


# Options of OPENROWSET over CSV, WITH behind it, and what is refused; None where nothing is.
PARSERS = [
    ("PARSER_VERSION = '2.0', HEADER_ROW = TRUE", "", None),
    ("PARSER_VERSION = '1.0', MAXERRORS = 1", "WITH (a NVARCHAR(MAX))", None),
    ("HEADER_ROW = TRUE", "", "HEADER_ROW = TRUE is not supported by PARSER_VERSION = '1.0'"),
    ("PARSER_VERSION = '2.0', MAXERRORS = 1", "WITH (a INT)", "MAXERRORS is not supported by PARSER_VERSION = '2.0'"),
    ("PARSER_VERSION = '2.0', DATA_COMPRESSION = 'GZIP'", "", "DATA_COMPRESSION is not supported"),
    ("PARSER_VERSION = '2.0'", "WITH (a INT, doc VARCHAR(MAX))", "The column 'doc' of more than 8000 characters"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "columns", "refused"), PARSERS)
def test_a_strict_serverless_pool_keeps_to_its_parsers(
    storage: Storage, tmp_path: Path, options: str, columns: str, refused: str | None
) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    text = f"SELECT * FROM OPENROWSET(BULK 'a.csv', FORMAT = 'CSV', {options}) {columns} AS r"
    if refused is None:
        session_of(storage, "serverless", strict=True).run(text)
        return
    with pytest.raises(UnsupportedSqlError, match=refused) as caught:
        session_of(storage, "serverless", strict=True).run(text)
    assert caught.value.hint.startswith("PARSER_VERSION = ")


def test_a_strict_serverless_pool_has_no_functions_of_values(storage: Storage) -> None:
    with pytest.raises(UnsupportedSqlError, match=r"^CREATE FUNCTION with a value: This syntax"):
        session_of(storage, "serverless", strict=True).run(
            "CREATE FUNCTION f (@a INT) RETURNS INT AS BEGIN RETURN @a END"
        )
