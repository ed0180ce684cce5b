"""What `tarn demo` may be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.errors import NotFoundError, OptionError

# Below this the folds of a search are a handful of rows and every figure is noise.
_FEWEST_ROWS = 200


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Settings of one run of the loop.

    Attributes:
        home: The workspace's folder.
        rows: Trips to generate, or rows of the user's data at most (None: all).
        data: The user's own CSV or Parquet (file, folder or glob) instead of generated trips.
        label: The column to learn; by default `tipped` for anything that looks like taxi trips.
        trials: Trials of the search.
        rounds: Boosting rounds of a trial at most.
        nodes: Workers of the dedicated pool; also the most that the serverless pool may start.
        seed: Seeds data, split, sampler and boosters.
        address: A Dask scheduler that runs, instead of workers of this machine; its workers must see `home`.

    Raises:
        OptionError: A number that makes no sense.
        NotFoundError: `data` is not there.
    """

    home: Path
    rows: int = 1_000_000
    data: str | None = None
    label: str | None = None
    trials: int = 8
    rounds: int = 80
    nodes: int = 2
    seed: int = 7
    address: str | None = None

    def __post_init__(self) -> None:
        if self.rows < _FEWEST_ROWS:
            raise OptionError(
                f"--rows {self.rows} is too few to learn from.", f"Give at least {_FEWEST_ROWS}."
            )
        for name in ("trials", "rounds", "nodes"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name}={getattr(self, name)} makes no sense.", "It must be at least 1.")
        if self.data is not None and not _exists(self.data):
            raise NotFoundError(
                f"--data '{self.data}' does not exist.", "Give a CSV or Parquet file, a folder, or a glob."
            )
        if self.label is not None and self.data is None and self.label != "tipped":
            raise OptionError(
                f"--label {self.label} goes with --data.", "The generated trips are learned by 'tipped'."
            )


def _exists(data: str) -> bool:
    if any(sign in data for sign in "*?["):
        return any(Path().glob(data)) if not Path(data).is_absolute() else any(Path("/").glob(data[1:]))
    return Path(data).exists()
