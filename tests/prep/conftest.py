"""Real data, where it is at hand."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@pytest.fixture
def shared_table(request: pytest.FixtureRequest) -> pa.Table:
    """A CSV file of the shared data; indirect parameter: its name."""
    path = SHARED / str(request.param)
    if not path.exists():
        pytest.skip(f"{path.name} lies in ../shared/data, which is not here")
    return pyarrow.csv.read_csv(path, convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True))
