"""Workload classifiers: which group a request belongs to, and how important it is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.lake.names import fold
from engine.session.workload.groups import Importance

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_USER, _ROLE, _LABEL, _CONTEXT, _TIME = 64, 32, 16, 8, 4


@dataclass(frozen=True, slots=True)
class Asker:
    """What a classifier looks at; times are UTC.

    Attributes:
        user: Who asks.
        roles: What the user is a member of.
        label: OPTION (LABEL = '...') of the request.
        context: The session's `wlm_context`.
        time: When it was submitted.
    """

    user: str
    roles: Collection[str] = ()
    label: str = ""
    context: str = ""
    time: dt.time = dt.time()


@dataclass(frozen=True, slots=True)
class Classifier:
    """A classifier as it was written; what is empty or None matches everything and adds no weight."""

    name: str
    group: str
    member: str
    label: str = ""
    context: str = ""
    start: dt.time | None = None
    end: dt.time | None = None
    importance: Importance | None = None

    def weight(self, asker: Asker) -> int:
        """How well it fits a request; 0 where it does not.

        >>> night = Classifier("c", "g", "ann", label="load", start=dt.time(22), end=dt.time(6))
        >>> night.weight(Asker("ann", label="load", time=dt.time(23)))
        84
        """
        if fold(self.member) == fold(asker.user):
            weight = _USER
        elif fold(self.member) in {fold(role) for role in asker.roles}:
            weight = _ROLE
        else:
            return 0
        for wanted, given, worth in (
            (self.label, asker.label, _LABEL),
            (self.context, asker.context, _CONTEXT),
        ):
            if wanted and wanted != given:
                return 0
            weight += worth if wanted else 0
        if self.start is not None and self.end is not None:
            if not _within(asker.time, self.start, self.end):
                return 0
            weight += _TIME
        return weight


def _within(time: dt.time, start: dt.time, end: dt.time) -> bool:
    return start <= time < end if start <= end else time >= start or time < end


def best(classifiers: Collection[Classifier], asker: Asker) -> Classifier | None:
    """The classifier that fits best; of several the first by name; None where none fits."""
    fitting = [(one.weight(asker), one) for one in sorted(classifiers, key=lambda one: fold(one.name))]
    weight, found = max(fitting, key=lambda pair: pair[0], default=(0, None))
    return found if weight else None


def classifier_of(name: str, body: Mapping[str, str]) -> Classifier:
    """A classifier as the catalog keeps it."""
    times = {key: dt.time.fromisoformat(body[key]) if body[key] else None for key in ("start", "end")}
    importance = Importance[body["importance"]] if body["importance"] else None
    return Classifier(
        name, body["group"], body["member"], body["label"], body["context"], **times, importance=importance
    )


def body_of(classifier: Classifier) -> dict[str, str]:
    """What the catalog keeps of a classifier."""
    return {
        "group": classifier.group,
        "member": classifier.member,
        "label": classifier.label,
        "context": classifier.context,
        "start": "" if classifier.start is None else classifier.start.isoformat(),
        "end": "" if classifier.end is None else classifier.end.isoformat(),
        "importance": "" if classifier.importance is None else classifier.importance.name,
    }
