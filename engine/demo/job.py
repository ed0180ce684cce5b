"""What the loop does with a source: taxi trips as the tutorial does, anything else by its column types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from engine.demo import plain, taxi
from engine.errors import DataError, NotFoundError

if TYPE_CHECKING:
    import dask.dataframe as dd
    import pandas as pd

    from engine.lake import Dataset


class Job(Protocol):
    """A source with its preparation."""

    @property
    def label(self) -> str:
        """The column to learn."""
        ...

    @property
    def keep(self) -> tuple[str, ...]:
        """Columns that go beside the scores."""
        ...

    @property
    def features(self) -> Any:
        """A scikit-learn transformer of the prepared rows; None for the default by column types."""
        ...

    def explore(self) -> dd.DataFrame | dd.Series:
        """A small aggregate that is worth a look, not yet computed."""
        ...

    def prepared(self) -> dd.DataFrame:
        """Cleaned rows with features and label."""
        ...

    def scorable(self) -> dd.DataFrame:
        """Every row of the source with features, bad ones included; the label is not needed."""
        ...


@dataclass(frozen=True)
class TaxiJob:
    """Taxi trips: the tutorial's filters, features and label."""

    source: Dataset
    columns: taxi.TaxiColumns
    label: str = taxi.LABEL
    keep: tuple[str, ...] = (taxi.KEY,)

    @property
    def features(self) -> Any:
        from sklearn.compose import make_column_transformer
        from sklearn.preprocessing import OneHotEncoder

        return make_column_transformer(
            ("passthrough", list(self.columns.numeric)),
            (OneHotEncoder(handle_unknown="ignore"), list(self.columns.categorical)),
        )

    def explore(self) -> dd.DataFrame:
        """Trips, mean fare and share of tipped trips by time of day."""
        grouped = self._derive(self.columns).groupby("traffic")
        return grouped.agg({"fare": ["count", "mean"], self.label: ["mean"]})

    def prepared(self) -> dd.DataFrame:
        frame = self.source.to_dask(columns=self.columns.reads)
        return frame.map_partitions(_clean_and_derive, columns=self.columns)

    def scorable(self) -> dd.DataFrame:
        return self._derive(self.columns.without_tip())

    def _derive(self, columns: taxi.TaxiColumns) -> dd.DataFrame:
        return self.source.to_dask(columns=columns.reads).map_partitions(taxi.derive, columns=columns)


def _clean_and_derive(frame: pd.DataFrame, columns: taxi.TaxiColumns) -> pd.DataFrame:
    return taxi.derive(taxi.clean(frame, columns), columns)


@dataclass(frozen=True)
class PlainJob:
    """Rows that nothing is known about: times become parts, rows without a label do not train."""

    source: Dataset
    columns: plain.PlainColumns
    label: str
    keep: tuple[str, ...] = ()
    features: Any = None

    def explore(self) -> dd.Series:
        """How many rows the most frequent label values have."""
        return self.source.to_dask(columns=[self.label])[self.label].value_counts(split_out=1).nlargest(10)

    def prepared(self) -> dd.DataFrame:
        return self.scorable().map_partitions(_with_label, label=self.label)

    def scorable(self) -> dd.DataFrame:
        frame = self.source.to_dask(columns=self.columns.reads)
        return frame.map_partitions(plain.derive, columns=self.columns)


def _with_label(frame: pd.DataFrame, label: str) -> pd.DataFrame:
    return frame[frame[label].notna()]


def job_for(source: Dataset, label: str | None) -> Job:
    """Taxi trips when the columns say so and the label is theirs, else a plain job.

    Raises:
        NotFoundError: The label is no column of the source.
        DataError: No label was given and none follows from the columns.
    """
    trips = taxi.recognise(source.columns)
    if trips is not None and trips.tip and label in (None, taxi.LABEL) and taxi.LABEL not in source.columns:
        return TaxiJob(source, trips)
    if label is None:
        raise DataError(
            f"'{source.name}' does not look like taxi trips, and no label was given.",
            f"Name the column to learn with --label; there are: {', '.join(source.columns)}.",
        )
    if label not in source.columns:
        raise NotFoundError(
            f"There is no label column '{label}' in '{source.name}'.",
            f"There are: {', '.join(source.columns)}.",
            column=label,
        )
    columns = plain.sort_columns(source.schema)
    if label not in columns.kept:
        raise DataError(
            f"Label column '{label}' is of type {source.schema.field(label).type}, which cannot be learned.",
            "Choose a number, a boolean or a text column.",
            column=label,
        )
    return PlainJob(source, columns, label)
