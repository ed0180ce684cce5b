"""Scoring: a model over the rows of a source, into a table."""

from __future__ import annotations

from engine.ml.scoring.run import Scored, Scoring, score
from engine.ml.scoring.scorer import Scorer, scorer_for

__all__ = ["Scored", "Scorer", "Scoring", "score", "scorer_for"]
