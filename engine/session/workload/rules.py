"""The workload groups, classifiers and memberships of a workspace, and what they make of a request."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.lake.names import fold
from engine.session.catalog.definitions import Kind
from engine.session.workload.admission import Ticket
from engine.session.workload.classifiers import Asker, Classifier, best, classifier_of
from engine.session.workload.groups import (
    RESOURCE_CLASSES,
    Group,
    Importance,
    Share,
    class_share,
    group_of,
    largest,
    share_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from engine.session.catalog.definitions import Definitions
    from engine.session.workload.levels import Level


@dataclass(frozen=True, slots=True)
class Rules:
    """What the catalog says.

    Attributes:
        groups: Those that somebody made.
        classifiers: All of them.
        members: Resource class and user, each as folded.
    """

    groups: tuple[Group, ...] = ()
    classifiers: tuple[Classifier, ...] = ()
    members: frozenset[tuple[str, str]] = frozenset()

    def classes_of(self, user: str) -> list[str]:
        """Resource classes that a user is a member of."""
        return [role for role, member in self.members if member == fold(user)]

    def share(self, name: str, level: Level) -> Share:
        """What the group of that name has on a pool of this size."""
        if fold(name) in RESOURCE_CLASSES:
            return class_share(fold(name), level)
        group = next(one for one in self.groups if fold(one.name) == fold(name))
        return share_of(group, [one for one in self.groups if one is not group], level)

    def shares(self, level: Level) -> list[Share]:
        """The groups that somebody made, on a pool of this size."""
        return [self.share(group.name, level) for group in self.groups]

    def ticket(self, session: str, asker: Asker, level: Level) -> Ticket:
        """What a request takes, and how important it is."""
        classes = self.classes_of(asker.user)
        resource_class = largest(classes)
        found = best(self.classifiers, asker)
        if found is None:
            return Ticket(session, class_share(resource_class, level), Importance.NORMAL, resource_class)
        share = self.share(found.group, level)
        importance = share.importance if found.importance is None else found.importance
        return Ticket(session, share, importance, resource_class, found.name)


def rules_of(definitions: Definitions) -> Rules:
    """Read them."""
    return Rules(
        tuple(group_of(one.name, one.body) for one in definitions.all(Kind.WORKLOAD_GROUP)),
        tuple(classifier_of(one.name, one.body) for one in definitions.all(Kind.WORKLOAD_CLASSIFIER)),
        frozenset(_members(definitions)),
    )


def _members(definitions: Definitions) -> Collection[tuple[str, str]]:
    found = definitions.all(Kind.ROLE_MEMBER)
    return [(str(one.body["role"]), str(one.body["member"])) for one in found]


class KnownRules:
    """The rules, read again when they are older than a moment: a request does not list folders each time.

    What this process changes counts from the next request on, what others change after `_SECONDS`.
    """

    _SECONDS = 1.0

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._read: tuple[float, Rules] | None = None

    def now(self) -> Rules:
        """What holds."""
        moment = time.monotonic()
        if self._read is None or moment - self._read[0] > self._SECONDS:
            self._read = (moment, rules_of(self._definitions))
        return self._read[1]

    def forget(self) -> None:
        """They have changed."""
        self._read = None


def utc_time() -> dt.time:
    """What classifiers compare START_TIME and END_TIME with."""
    return dt.datetime.now(dt.UTC).time()
