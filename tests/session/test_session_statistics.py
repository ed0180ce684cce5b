"""Statistics and space against plain counting in pandas."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from engine.errors import BindError, NotFoundError
from engine.lake import Storage
from engine.runtime import InlineTasks
from engine.session import Session

FRAME = pd.DataFrame(
    {
        "k": [at % 500 for at in range(1, 2001)],
        "g": [None if at % 10 == 0 else at % 7 for at in range(1, 2001)],
    }
)


@pytest.fixture
def session(storage: Storage) -> Session:
    def no_models() -> Any:
        raise NotFoundError("There is no model.", "Register one.")

    made = Session(InlineTasks(), storage, nodes=lambda _: 2, models=no_models)
    made.run(
        "CREATE TABLE f (k INT, g INT) WITH (DISTRIBUTION = HASH(k));"
        "INSERT INTO f SELECT value % 500, IIF(value % 10 = 0, NULL, value % 7) FROM GENERATE_SERIES(1, 2000)"
    )
    return made


def shown(session: Session, text: str) -> list[pd.DataFrame]:
    return [one.to_arrow().to_pandas() for one in session.run(text).results]


def test_statistics_tell_what_pandas_counts(session: Session) -> None:
    session.run(
        "CREATE STATISTICS both ON dbo.f (k, g) WITH FULLSCAN; CREATE STATISTICS few ON f (g) WHERE k < 100"
    )
    header, densities, histogram = shown(session, "DBCC SHOW_STATISTICS (f, both)")
    assert (header["Rows"][0], header["Rows Sampled"][0], header["Steps"][0]) == (2000, 2000, 199)
    assert densities["All density"].tolist() == pytest.approx([1 / 500, 1 / len(FRAME.drop_duplicates())])
    assert densities["Columns"].tolist() == ["k", "k, g"]
    assert histogram["RANGE_ROWS"].sum() + histogram["EQ_ROWS"].sum() == 2000
    assert histogram["DISTINCT_RANGE_ROWS"].sum() + len(histogram) == 500
    keys, low = FRAME["k"], -1
    for step in histogram.itertuples():
        high = int(step.RANGE_HI_KEY)
        assert (keys == high).sum() == step.EQ_ROWS
        assert ((keys > low) & (keys < high)).sum() == step.RANGE_ROWS
        low = high
    [steps] = shown(session, "DBCC SHOW_STATISTICS ('dbo.f', few) WITH HISTOGRAM")
    expected = FRAME[FRAME["k"] < 100]["g"].value_counts(dropna=False)
    assert steps["EQ_ROWS"].sum() == expected.sum()
    assert steps["EQ_ROWS"][0] == expected[float("nan")]


def test_statistics_follow_the_rows_when_told(session: Session) -> None:
    session.run("CREATE STATISTICS s ON f (k); DELETE FROM f WHERE k > 9")
    question = "DBCC SHOW_STATISTICS (f, s) WITH STAT_HEADER"
    assert shown(session, question)[0]["Rows"][0] == 2000
    session.run("UPDATE STATISTICS f (s) WITH SAMPLE 20 PERCENT")
    assert shown(session, question)[0]["Rows"][0] == (FRAME["k"] <= 9).sum()
    with pytest.raises(BindError, match="already an object named 's'"):
        session.run("CREATE STATISTICS s ON f (g)")
    with pytest.raises(BindError, match="Invalid column name 'nope'"):
        session.run("CREATE STATISTICS t ON f (nope)")
    session.run("DROP STATISTICS f.s")
    with pytest.raises(BindError, match="Cannot find the statistics 's'"):
        session.run("UPDATE STATISTICS f (s)")


def test_space_is_told_by_distribution(session: Session) -> None:
    [used] = shown(session, 'DBCC PDW_SHOWSPACEUSED("dbo.f")')
    assert (len(used), used["rows"].sum(), used["distribution_id"].tolist()) == (60, 2000, list(range(1, 61)))
    assert set(used["pdw_node_id"]) == {1, 2}
    # Rows of one key lie together: no distribution holds a part of the 4 rows of a key.
    assert (used["rows"] % 4 == 0).all()
    session.run(
        "CREATE TABLE r WITH (DISTRIBUTION = REPLICATE) AS SELECT * FROM f; CREATE TABLE o WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT * FROM f"
    )
    [copies] = shown(session, "DBCC PDW_SHOWSPACEUSED('r')")
    assert copies[["rows", "distribution_id"]].to_numpy().tolist() == [[2000, -1], [2000, -1]]
    [dealt] = shown(session, "DBCC PDW_SHOWSPACEUSED('o')")
    assert (len(dealt), dealt["rows"].sum(), dealt["rows"].max()) == (60, 2000, 34)
    assert len(shown(session, "DBCC PDW_SHOWSPACEUSED")[0]) == 2
    with pytest.raises(BindError, match="Invalid object name"):
        session.run("DBCC PDW_SHOWSPACEUSED('nothing')")
