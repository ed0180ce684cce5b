"""PREDICT over models of others, against onnxruntime itself: every way to name the model, in every plan."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort
import predict_models as models
import pytest

from engine.errors import BindError, DataError, FormatError, SignatureError
from engine.lake import open_storage
from engine.ml.foreign import with_columns
from engine.runtime import InlineTasks
from engine.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

Rows = list[tuple[Any, ...]]
TRIPS = "CREATE TABLE dbo.nyc_taxi (tripId int, tipped int, fareAmount float, paymentType int, passengerCount int, tripDistance float, tripTimeSecs bigint, pickupTimeBin nvarchar(30)) WITH (DISTRIBUTION = ROUND_ROBIN, CLUSTERED COLUMNSTORE INDEX)"
# Floats go into the model's REAL inputs where the query says so; its integers are bigint, as the wizard has it.
CASTED = "SELECT tripId, CAST(fareAmount AS real) AS fareAmount, paymentType, passengerCount, CAST(tripDistance AS real) AS tripDistance, tripTimeSecs, pickupTimeBin FROM dbo.nyc_taxi"


@pytest.fixture(params=[1, 3], ids=["one_node", "three_nodes"], scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Session:
    home = tmp_path_factory.mktemp("home")
    shelf = models.Shelf({"taxi": models.taxi(), "tensor": models.tensor(), "fares": models.fares()})
    made = Session(InlineTasks(), open_storage(home), nodes=lambda _: request.param, models=lambda: shelf)
    frame = models.trips()[
        [
            "tripId",
            "tipped",
            "fareAmount",
            "paymentType",
            "passengerCount",
            "tripDistance",
            "tripTimeSecs",
            "pickupTimeBin",
        ]
    ]
    frame.to_parquet(home / "trips.parquet", index=False)
    made.run(
        f"{TRIPS}; INSERT INTO dbo.nyc_taxi SELECT * FROM OPENROWSET(BULK 'trips.parquet', FORMAT = 'PARQUET') AS r"
    )
    return made


@pytest.fixture
def ask(session: Session) -> Callable[[str], Rows]:
    def run(text: str) -> Rows:
        made = session.run(text).to_arrow()
        return list(zip(*(column.to_pylist() for column in made.columns), strict=True))

    return run


def by_id(answers: np.ndarray[Any, Any]) -> list[tuple[int, Any]]:
    return list(enumerate(answers.tolist()))


def of_taxi(output: str) -> list[tuple[int, Any]]:
    frame = models.trips()
    feeds = {
        name: frame[name].to_numpy(kind).reshape(-1, 1)
        for name, kind in {
            "fareAmount": np.float32, "paymentType": np.int64, "passengerCount": np.int64,
            "tripDistance": np.float32, "tripTimeSecs": np.int64, "pickupTimeBin": object,
        }.items()
    }  # fmt: skip
    (made,) = ort.InferenceSession(models.taxi()).run([output], feeds)
    return by_id(np.array([one[1] for one in made]) if output == "output_probability" else made)


def of_tensor() -> list[tuple[int, Any]]:
    matrix = models.trips()[["fareAmount", "tripDistance", "paymentType"]].to_numpy(np.float32)
    return by_id(ort.InferenceSession(models.tensor()).run(["probabilities"], {"features": matrix})[0][:, 1])


def same(rows: Rows, expected: list[tuple[int, Any]]) -> bool:
    found = sorted(rows)
    return [row[0] for row in found] == [row[0] for row in expected] and np.allclose(
        [row[1] for row in found], [row[1] for row in expected], atol=1e-6, rtol=0
    )


def test_a_registered_model_with_an_input_per_column(ask: Callable[[str], Rows]) -> None:
    query = f"SELECT d.tripId, p.output_label FROM PREDICT(MODEL = 'taxi', DATA = ({CASTED}) AS d, RUNTIME = ONNX) WITH (output_label bigint) AS p"
    assert same(ask(query), of_taxi("output_label"))


def test_float_and_decimal_columns_go_into_real_inputs_as_the_nearest_that_there_is(
    ask: Callable[[str], Rows],
) -> None:
    taxi = "SELECT d.tripId, p.output_label FROM PREDICT(MODEL = 'taxi', DATA = dbo.nyc_taxi AS d, RUNTIME = ONNX) WITH (output_label bigint) AS p"
    assert same(ask(taxi), of_taxi("output_label"))
    data = "SELECT CAST(tripDistance AS decimal(9, 2)) AS dist, CAST(tripTimeSecs AS float) AS secs FROM dbo.nyc_taxi"
    fares = f"SELECT d.secs, p.variable FROM PREDICT(MODEL = 'fares', DATA = ({data}) AS d, RUNTIME = ONNX) WITH (variable real) AS p"
    session = ort.InferenceSession(models.fares())
    matrix = models.trips()[["tripDistance", "tripTimeSecs"]].to_numpy(np.float32)
    expected = [float(session.run(None, {"X": row.reshape(1, -1)})[0][0, 0]) for row in matrix]
    assert np.allclose(sorted(row[1] for row in ask(fares)), sorted(expected), atol=1e-5)


def test_explain_expects_the_rows_that_the_data_has(ask: Callable[[str], Rows]) -> None:
    query = "SELECT d.paymentType, p.output_label FROM PREDICT(MODEL = 'taxi', DATA = dbo.nyc_taxi AS d, RUNTIME = ONNX) WITH (output_label bigint) AS p"
    plan = "\n".join(row[0] for row in ask(f"EXPLAIN {query}"))
    assert "reads 6 of its 6 columns" in plan
    assert f"RETURN from {'control' if '1 node' in plan else 'every node'}, about {models.ROWS} rows" in plan


def test_a_sequence_of_maps_is_a_column_per_class(ask: Callable[[str], Rows]) -> None:
    query = f"SELECT d.tripId, p.output_probability_1 FROM PREDICT(MODEL = 'taxi', DATA = ({CASTED}) AS d, RUNTIME = ONNX) WITH (output_probability_1 real, output_probability_0 real) AS p"
    assert same(ask(query), of_taxi("output_probability"))


def test_a_literal_and_a_variable(ask: Callable[[str], Rows]) -> None:
    data = "SELECT tripId, CAST(fareAmount AS real) AS fareAmount, CAST(tripDistance AS real) AS tripDistance, paymentType FROM dbo.nyc_taxi"
    tail = "RUNTIME = ONNX) WITH (probabilities_1 real) AS p"
    inner = data.replace("tripId, ", "")
    for head in ("", f"DECLARE @m varbinary(max) = 0x{models.tensor().hex()}; "):
        name = "@m" if head else f"0x{models.tensor().hex()}"
        rows = ask(
            f"{head}SELECT p.probabilities_1 FROM PREDICT(MODEL = {name}, DATA = ({inner}) AS d, {tail}"
        )
        assert np.allclose(sorted(row[0] for row in rows), sorted(one for _, one in of_tensor()), atol=1e-6)


def test_the_scoring_wizards_procedure(ask: Callable[[str], Rows], session: Session) -> None:
    session.run(
        "CREATE TABLE dbo.models (ID nvarchar(100), model varbinary(max), Description varchar(200)) WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)"
    )
    session.run(f"INSERT INTO dbo.models VALUES ('nyc_taxi_tip:1', 0x{models.taxi().hex()}, 'tips')")
    session.run("""
        CREATE PROCEDURE dbo.predict_tip AS
        BEGIN
        SELECT
            CAST([fareAmount] AS [real]) AS [fareAmount], CAST([paymentType] AS [bigint]) AS [paymentType],
            CAST([passengerCount] AS [bigint]) AS [passengerCount], CAST([tripDistance] AS [real]) AS [tripDistance],
            CAST([tripTimeSecs] AS [bigint]) AS [tripTimeSecs], CAST([pickupTimeBin] AS [nvarchar](30)) AS [pickupTimeBin],
            CAST([tripId] AS [int]) AS [tripId]
        INTO [dbo].[#nyc_taxi]
        FROM [dbo].[nyc_taxi];
        SELECT *
        FROM PREDICT (MODEL = (SELECT [model] FROM [dbo].[models] WHERE [ID] = 'nyc_taxi_tip:1'),
                      DATA = [dbo].[#nyc_taxi],
                      RUNTIME = ONNX) WITH ([output_label] [bigint])
        END
    """)
    rows = ask("EXEC dbo.predict_tip")
    assert same([(row[-2], row[-1]) for row in rows], of_taxi("output_label"))


def test_views_inserts_filters_joins_and_common_tables(ask: Callable[[str], Rows], session: Session) -> None:
    expected = of_taxi("output_label")
    predict = (
        f"PREDICT(MODEL = 'taxi', DATA = ({CASTED}) AS d, RUNTIME = ONNX) WITH (output_label bigint) AS p"
    )
    session.run(f"CREATE VIEW dbo.tips AS SELECT d.tripId, d.fareAmount, p.output_label FROM {predict}")
    assert same(ask("SELECT tripId, output_label FROM dbo.tips"), expected)
    fare = dict(models.trips().set_index("tripId").fareAmount)
    dear = [one for one in expected if fare[one[0]] > 30]
    assert same(ask("SELECT tripId, output_label FROM dbo.tips WHERE fareAmount > 30"), dear)
    assert same(
        ask(
            f"SELECT d.tripId, p.output_label FROM {predict} WHERE d.fareAmount > 30 AND p.output_label >= 0"
        ),
        dear,
    )
    session.run(
        f"CREATE TABLE dbo.scored (id int, label bigint); INSERT INTO dbo.scored SELECT d.tripId, p.output_label FROM {predict}"
    )
    assert same(ask("SELECT id, label FROM dbo.scored"), expected)
    joined = ask(
        f"SELECT t.tripId, p.output_label, t.tipped FROM dbo.nyc_taxi AS t JOIN {predict} ON t.tripId = d.tripId"
    )
    assert same([row[:2] for row in joined], expected)
    common = f"WITH d AS ({CASTED}) SELECT d.tripId, p.output_label FROM PREDICT(MODEL = 'taxi', DATA = d, RUNTIME = ONNX) WITH (output_label bigint) AS p"
    assert same(ask(common), expected)
    counted = ask(f"SELECT p.output_label, COUNT(*) FROM {predict} GROUP BY p.output_label ORDER BY 1")
    assert counted == [
        (label, sum(one == label for _, one in expected)) for label in sorted({one for _, one in expected})
    ]


def test_one_tensor_is_fed_from_the_columns_in_order_and_a_fixed_batch_is_no_limit(
    ask: Callable[[str], Rows],
) -> None:
    data = "SELECT CAST(tripDistance AS real) AS dist, CAST(tripTimeSecs AS real) AS secs FROM dbo.nyc_taxi"
    rows = ask(
        f"SELECT d.secs, p.variable FROM PREDICT(MODEL = 'fares', DATA = ({data}) AS d, RUNTIME = ONNX) WITH (variable real) AS p"
    )
    session = ort.InferenceSession(models.fares())
    matrix = models.trips()[["tripDistance", "tripTimeSecs"]].to_numpy(np.float32)
    expected = [float(session.run(None, {"X": row.reshape(1, -1)})[0][0, 0]) for row in matrix]
    assert np.allclose(sorted(row[1] for row in rows), sorted(expected), atol=1e-5)


@pytest.mark.parametrize("session", [1], indirect=True)
@pytest.mark.parametrize(
    ("query", "error", "says"),
    [
        ("MODEL = 'taxi', DATA = (SELECT tripId, paymentType, passengerCount, tripTimeSecs, pickupTimeBin FROM dbo.nyc_taxi) AS d, RUNTIME = ONNX) WITH (output_label bigint) AS p", BindError, ["fareAmount", "tripDistance"]),
        (f"MODEL = 'taxi', DATA = ({CASTED.replace('paymentType', 'paymentType / 2.0 AS paymentType')}) AS d, RUNTIME = ONNX) WITH (output_label bigint) AS p", SignatureError, ["'paymentType' is decimal(", "bigint (int64)", "CAST(paymentType AS bigint)"]),
        ("MODEL = 'fares', DATA = (SELECT tripDistance * 1e300 AS a, tripTimeSecs AS b FROM dbo.nyc_taxi) AS d, RUNTIME = ONNX) WITH (variable real) AS p", DataError, ["'a', float (double)", "real (float32)", "too large", "CAST(a AS real)"]),
        (f"MODEL = 'taxi', DATA = ({CASTED}) AS d, RUNTIME = ONNX) WITH (score real) AS p", BindError, ["score", "output_label", "output_probability_1"]),
        (f"MODEL = 'taxi', DATA = ({CASTED}) AS d, RUNTIME = ONNX) WITH (output_label real) AS p", BindError, ["output_label", "bigint"]),
        ("MODEL = 'tensor', DATA = dbo.nyc_taxi AS d, RUNTIME = ONNX) WITH (probabilities_1 real) AS p", SignatureError, ["features", "3 columns"]),
        (f"MODEL = 0x00112233, DATA = ({CASTED}) AS d, RUNTIME = ONNX) WITH (a real) AS p", FormatError, ["no ONNX"]),
        (f"MODEL = 'taxi', DATA = ({CASTED.replace('paymentType', 'pickupTimeBin AS paymentType')}) AS d, RUNTIME = ONNX) WITH (output_label bigint) AS p", SignatureError, ["paymentType", "string", "int64"]),
        (f"MODEL = 'taxi', DATA = ({CASTED.replace('paymentType', 'NULLIF(paymentType, 1) AS paymentType')}) AS d, RUNTIME = ONNX) WITH (output_label bigint) AS p", DataError, ["paymentType", "NULL"]),
        ("MODEL = 'fares', DATA = (SELECT CAST(tripDistance AS real) AS a, tripTimeSecs + 100000001 AS b FROM dbo.nyc_taxi) AS d, RUNTIME = ONNX) WITH (variable real) AS p", DataError, ["'b'", "float32"]),
    ],
)  # fmt: skip
def test_refusals_name_what_is_wrong(
    session: Session, query: str, error: type[Exception], says: list[str]
) -> None:
    with pytest.raises(error) as caught:
        session.run(f"SELECT COUNT(*) FROM PREDICT({query}").to_arrow()
    assert all(one in f"{caught.value}" for one in says), str(caught.value)


@pytest.mark.parametrize("session", [1], indirect=True)
def test_rows_that_the_where_drops_are_not_scored_and_trees_are_cut_down_for_it(
    session: Session, ask: Callable[[str], Rows]
) -> None:
    data = "SELECT tripId, CAST(fareAmount AS real) AS fareAmount, CAST(tripDistance AS real) AS tripDistance, paymentType FROM dbo.nyc_taxi"
    graph = with_columns(models.tensor(), ["fareAmount", "tripDistance", "paymentType"])
    predict = f"PREDICT(MODEL = 0x{graph.hex()}, DATA = ({data}) AS d, RUNTIME = ONNX) WITH (probabilities_1 real) AS p"
    query = f"SELECT d.tripId, p.probabilities_1 FROM {predict} WHERE d.paymentType = 1 AND d.fareAmount BETWEEN 10 AND 20"
    frame = models.trips()
    kept = frame[(frame.paymentType == 1) & frame.fareAmount.between(10, 20)].tripId
    assert same(ask(query), [one for one in of_tensor() if one[0] in set(kept)])
    plan = [row[0] for row in ask(f"EXPLAIN {query}")]
    note = next(at for at, line in enumerate(plan) if "run by the tree kernel" in line)
    assert plan[note + 1].strip().startswith("reads 3 of its 3 columns")
    assert "paymentType" in plan[note + 2]
    few, whole = (
        int(word.replace(",", "")) for word in plan[note + 4].split() if word.replace(",", "").isdigit()
    )
    assert few < whole / 2
    either = f"SELECT d.tripId, p.probabilities_1 FROM {predict} WHERE d.paymentType = 1 OR p.probabilities_1 < 0.5"
    chosen = [one for one in of_tensor() if one[1] < 0.5 or frame.paymentType[one[0]] == 1]
    assert same(ask(either), chosen)
