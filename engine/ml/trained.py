"""A trained model before it is an ONNX graph: trees, the preparation they were trained on, their label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from engine.dashboard.plots import Picture
    from engine.ml.evaluate import Evaluation
    from engine.ml.label import Label
    from engine.ml.provenance import Made
    from engine.ml.training_set import TrainingSet
    from engine.prep import FittedFeatures


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a model's rows came from: the source's name and version, and its columns.

    Attributes:
        source: Table or dataset name.
        version: Its version, None where it has none.
        kind: `table` or `dataset`.
    """

    source: str
    version: int | None
    kind: str = "table"


@dataclass(frozen=True)
class TrainedModel:
    """Trees with everything that is needed to export and judge them.

    Attributes:
        booster: XGBoost's UBJSON bytes; every round in them is used.
        features: The fitted transformer and its exported graph.
        label: Column, task and classes.
        params: The XGBoost parameters that it was trained with.
        rounds: Boosting rounds.
        evaluation: Metrics on the rows that neither training nor the search has seen.
        lineage: What it was trained on.
        sample: Raw rows for the parity gate, training rows among them.
        run_id: Its MLflow run.
        where: On which workers it was trained, and why.
        data: The training set, while it is at hand.
        made: How its booster was grown.
    """

    booster: bytes
    features: FittedFeatures
    label: Label
    params: Mapping[str, Any]
    rounds: int
    evaluation: Evaluation
    lineage: Lineage
    sample: pa.Table = field(repr=False)
    run_id: str = ""
    where: str = ""
    data: TrainingSet | None = field(default=None, repr=False)
    made: Made | None = None

    def importance(self) -> pd.Series[float]:
        """Total gain of each feature, as shares that sum to 1, largest first; unused ones are 0."""
        import pandas as pd

        from engine.ml.boost import load_booster

        gains = load_booster(self.booster).get_score(importance_type="total_gain")
        names = self.features.preparation.feature_names
        values = [float(gains.get(f"f{index}", 0.0)) for index in range(len(names))]
        total = sum(values) or 1.0
        shares = pd.Series([value / total for value in values], index=list(names), dtype=float)
        return shares.sort_values(ascending=False)

    def report(self, *, parity: bool = True) -> Picture:
        """ROC, calibration, importance and parity as a document: `.save("model.html")` or `.png`.

        Args:
            parity: Export the model to ONNX and show what the gate measures; takes some seconds.

        Raises:
            ParityError, UnsupportedError: As when the model is registered, if `parity` is asked for.
        """
        from engine.ml.picturing import report_of

        return report_of(self, parity=parity)

    def _repr_html_(self) -> str:
        shares = self.importance().head(10).rename("share of the gain").to_frame().to_html()
        return f"<p>{escape(repr(self))}</p>{shares}"

    def __repr__(self) -> str:
        figures = ", ".join(f"{name}={value:.5f}" for name, value in self.evaluation.metrics.items())
        return (
            f"TrainedModel({self.label.kind} of '{self.label.column}', {self.rounds} rounds, "
            f"{len(self.features.preparation.feature_names)} features, {figures})"
        )
