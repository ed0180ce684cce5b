"""The report of a trained model: everything that says how good it is, in one document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.dashboard.plots import Picture, model_picture
from engine.ml.registry import export_trained

if TYPE_CHECKING:
    from engine.ml.trained import TrainedModel


def report_of(model: TrainedModel, *, parity: bool) -> Picture:
    """ROC and calibration, or confusion, or errors; importance; and the parity gate's findings.

    Raises:
        ParityError, UnsupportedError: As when the model is registered, if `parity` is asked for.
    """
    report: dict[str, Any] | None = export_trained("report", model).report.to_json() if parity else None
    evaluation = model.evaluation
    confusion = None
    if evaluation.confusion is not None:
        confusion = evaluation.confusion, [str(one) for one in model.label.classes or ()]
    return model_picture(
        f"{model.label.kind} of {model.label.column}",
        evaluation.metrics,
        rows=evaluation.rows,
        importance={str(name): float(share) for name, share in model.importance().items()},
        roc=evaluation.roc,
        calibration=evaluation.calibration,
        confusion=confusion,
        sample=evaluation.sample,
        parity=report,
    )
