"""SQL on real pools of both kinds, and the command: one way from files to scores."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import Workspace
from engine.cli import main
from engine.errors import BindError, FormatError, NotFoundError
from engine.pool import WorkspacePool

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow


ROWS = 2000


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace(tmp_path_factory.mktemp("lake"))
    folder = Path(made.home) / "raw"
    folder.mkdir()
    chance = np.random.default_rng(3)
    distance = chance.gamma(2.0, 2.0, ROWS)
    fare = 3 + 2.5 * distance + chance.normal(0, 1, ROWS)
    table = pa.table(
        {"Id": np.arange(ROWS), "distance": distance, "fare": fare, "tipped": (fare > 12).astype("int64")}
    )
    pq.write_table(table, folder / "trips.parquet", row_group_size=300)
    return made


@pytest.fixture(scope="module")
def pool(workspace: Workspace) -> Iterator[WorkspacePool]:
    with workspace.dedicated("sql_tests", nodes=2, progress=False) as started:
        started.sql("""CREATE TABLE dbo.trips WITH (DISTRIBUTION = HASH(Id)) AS
                       SELECT * FROM OPENROWSET(BULK 'raw/*.parquet', FORMAT = 'PARQUET') AS r""")
        trained = started.train(workspace.table("dbo.trips"), target="tipped", rounds=8)
        workspace.models.register("tip", trained)
        yield started


def test_a_dedicated_pool_joins_and_aggregates(pool: WorkspacePool) -> None:
    text = "SELECT COUNT(*) AS n, SUM(a.Id) AS s FROM trips AS a JOIN trips AS b ON a.Id = b.Id"
    assert pool.sql(text).to_arrow().to_pylist() == [{"n": ROWS, "s": ROWS * (ROWS - 1) // 2}]
    frame = pool.sql("SELECT Id, fare FROM trips").to_dask()
    assert len(frame) == ROWS


def test_predict_gives_what_score_gives(pool: WorkspacePool, workspace: Workspace) -> None:
    pool.score("tip", workspace.table("dbo.trips"), into="dbo.by_verb", keep=["Id"])
    pool.sql("""CREATE VIEW dbo.by_view AS SELECT d.Id, p.score AS s, p.label
        FROM PREDICT(MODEL = 'tip', DATA = dbo.trips AS d, RUNTIME = ONNX) WITH (score REAL, label BIGINT) AS p""")
    pool.sql(
        "CREATE TABLE dbo.by_insert (Id BIGINT, s REAL); INSERT INTO by_insert SELECT Id, s FROM by_view WHERE Id >= 100"
    )
    same = """SELECT COUNT(*) AS n FROM {} AS a JOIN by_verb AS b ON a.Id = b.Id WHERE a.s = b.score"""
    assert pool.sql(same.format("by_view")).scalar() == ROWS
    assert pool.sql(same.format("by_insert")).scalar() == ROWS - 100


def test_predict_takes_models_and_data_of_every_kind(pool: WorkspacePool, workspace: Workspace) -> None:
    graph = workspace.models.current("tip").onnx.hex()
    text = """DECLARE @m VARBINARY(MAX) = 0x{};
        CREATE TABLE #models (id INT, graph VARBINARY(MAX)); INSERT INTO #models VALUES (1, @m);
        WITH few AS (SELECT TOP 50 * FROM trips ORDER BY Id)
        SELECT COUNT(*) AS n, MIN(p.score) AS low, MAX(d.Id) AS last FROM PREDICT(MODEL = {}, DATA = {} AS d, RUNTIME = ONNX)
            WITH (score FLOAT) AS p;
        DROP TABLE #models"""
    for model in ("@m", "(SELECT graph FROM #models WHERE id = 1)", f"0x{graph}", "'tip'", "'tip@champion'"):
        [row] = pool.sql(text.format(graph, model, "few")).to_arrow().to_pylist()
        assert (row["n"], row["last"]) == (50, 49)
        assert 0 <= row["low"] <= 1


@pytest.mark.parametrize(
    ("model", "data", "outputs", "error", "message"),
    [
        ("'tap'", "trips", "score REAL", NotFoundError, "no model 'tap'"),
        ("0xAB", "trips", "score REAL", FormatError, "no ONNX graph"),
        ("'tip'", "trips", "nope REAL", BindError, r"returns no output 'nope'.*score real, label bigint"),
        ("'tip'", "trips", "score INT", BindError, r"is real, which does not go into int without loss"),
        (
            "'tip'",
            "(SELECT Id FROM trips)",
            "score REAL",
            BindError,
            "reads columns 'distance', 'fare', which 'd' does not have",
        ),
    ],
)
def test_predict_says_what_does_not_fit(
    pool: WorkspacePool, model: str, data: str, outputs: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        pool.sql(
            f"SELECT 1 AS a FROM PREDICT(MODEL = {model}, DATA = {data} AS d, RUNTIME = ONNX) WITH ({outputs}) AS p"
        )


def test_predict_keeps_columns_of_one_name_apart(pool: WorkspacePool) -> None:
    text = """SELECT TOP 1 d.*, p.* FROM PREDICT(MODEL = 'tip', DATA = (SELECT *, 7 AS score FROM trips) AS d, RUNTIME = ONNX)
              WITH (score REAL) AS p ORDER BY d.Id"""
    row = pool.sql(text).to_arrow()
    assert row.schema.names[:5] == ["Id", "distance", "fare", "tipped", "score"]
    assert row.column(4)[0].as_py() == 7
    assert 0 <= row.column(5)[0].as_py() <= 1


def test_a_serverless_pool_meters_what_it_reads(workspace: Workspace) -> None:
    with workspace.serverless("sql_meter", max_workers=1, progress=False) as started:
        text = "SELECT SUM(fare) AS s FROM OPENROWSET(BULK 'raw/*.parquet', FORMAT = 'PARQUET') AS r"
        assert started.sql(text).scalar() == pytest.approx(
            pq.read_table(f"{workspace.home}/raw/trips.parquet")["fare"].to_pandas().sum()
        )
        assert started.usage().counts["bytes_read"] > 8 * ROWS / 2


def test_a_pool_tells_of_its_requests_and_keeps_results(pool: WorkspacePool) -> None:
    text = "SELECT COUNT(*) AS n, SUM(Id) AS s FROM trips OPTION (LABEL = 'kept')"
    pool.sql("ALTER DATABASE tarn SET RESULT_SET_CACHING ON")
    answers = [pool.sql(text).to_arrow().to_pylist() for _ in range(2)]
    pool.sql("ALTER DATABASE tarn SET RESULT_SET_CACHING OFF")
    assert answers[0] == answers[1] == [{"n": ROWS, "s": ROWS * (ROWS - 1) // 2}]
    codes = pool.sql(
        "SELECT result_cache_hit AS c FROM sys.dm_pdw_exec_requests WHERE label = 'kept' ORDER BY submit_time"
    )
    assert codes.to_arrow().column(0).to_pylist() == [0, 1]
    nodes = pool.sql(
        "SELECT COUNT(DISTINCT q.pdw_node_id) AS n FROM sys.dm_pdw_sql_requests AS q JOIN sys.dm_pdw_exec_requests AS r"
        " ON r.request_id = q.request_id WHERE r.label = 'kept'"
    )
    assert nodes.scalar() == 2


def test_the_command_writes_files_and_says_what_is_wrong(
    workspace: Workspace, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    text = (
        "SELECT TOP 2 Id, tipped FROM OPENROWSET(BULK 'raw/*.parquet', FORMAT = 'PARQUET') AS r ORDER BY Id"
    )
    target = tmp_path / "out.parquet"
    assert main(["sql", "--home", workspace.home, "--format", "parquet", "-o", str(target), text]) == 0
    assert pq.read_table(target).column("Id").to_pylist() == [0, 1]
    script = tmp_path / "script.sql"
    script.write_text(text)
    assert main(["sql", "--home", workspace.home, "--format", "csv", "-f", str(script)]) == 0
    printed = capsysbinary.readouterr().out.decode()
    assert next(iter(csv.reader(io.StringIO(printed)))) == ["Id", "tipped"]
    assert main(["sql", "--home", workspace.home, "SELECT * FROM nope"]) == 1
    assert b"Invalid object name 'nope'" in capsysbinary.readouterr().err
