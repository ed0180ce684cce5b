"""Where the studies of a workspace are kept: a folder each, with what was asked, journal and boosters."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle  # type: ignore[import-untyped]

from engine.errors import NotFoundError, OptionError
from engine.ml.tuning.journal import FILE, FileJournal, read_journal, write_whole

if TYPE_CHECKING:
    from engine.ml.training_set import TrainingSet
    from engine.ml.tuning.plan import SearchPlan

_ASKED = "asked.pkl"
_NAME = re.compile(r"[\w][\w .-]{0,99}")


@dataclass(frozen=True)
class Asked:
    """What a study was asked to do.

    Attributes:
        name: The user's name for it.
        plan: What to search.
        data: What on.
    """

    name: str
    plan: SearchPlan
    data: TrainingSet


@dataclass(frozen=True)
class Archive:
    """The studies of one workspace.

    Attributes:
        folder: Holds a folder per study.
    """

    folder: Path

    def create(self, asked: Asked) -> tuple[str, FileJournal]:
        """A new study; any number of one name may run side by side.

        Returns:
            What identifies it, and its journal.

        Raises:
            OptionError: A name that cannot be a folder's, or a sampler or metric that cannot be kept.
        """
        if not _NAME.fullmatch(asked.name):
            raise OptionError(
                f"name={asked.name!r} cannot name a study.",
                "Use up to 100 letters, digits, blanks, '_', '-' and '.'.",
            )
        try:
            pickled = cloudpickle.dumps(asked)
        except (TypeError, AttributeError, cloudpickle.pickle.PicklingError) as error:
            raise OptionError(
                f"Study '{asked.name}' cannot be kept: {error}",
                "Sampler, metric and features must pickle: no locks, connections or open files.",
            ) from error
        now = dt.datetime.now(dt.UTC)
        study = f"{asked.name}-{now:%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}"
        journal = FileJournal.create(self.folder / study)
        write_whole(journal.folder / _ASKED, pickled)
        return study, journal

    def open(self, name: str) -> tuple[str, Asked, FileJournal, list[dict[str, Any]]]:
        """A study to go on with, by what identifies it, or the newest of a name.

        Raises:
            NotFoundError: There is none.
            FormatError: Its journal is damaged.
            OptionError: Another process is at it.
        """
        study = self.find(name)
        journal, entries = FileJournal.reopen(self.folder / study)
        return study, self.asked(study), journal, entries

    def read(self, name: str) -> tuple[Asked, list[dict[str, Any]]]:
        """What a study was asked, and its journal, whoever is at it."""
        study = self.find(name)
        return self.asked(study), read_journal(self.folder / study)

    def asked(self, study: str) -> Asked:
        """What a study was asked to do."""
        asked: Asked = cloudpickle.loads((self.folder / study / _ASKED).read_bytes())
        return asked

    def find(self, name: str) -> str:
        """What identifies a study of this name: the newest one.

        Raises:
            NotFoundError: There is none.
        """
        there = self.studies()
        found = [study for study in there if study == name or study.rsplit("-", 4)[0] == name]
        if not found:
            raise NotFoundError(
                f"There is no study '{name}'.",
                f"There are: {', '.join(there[-10:]) or 'none yet; pool.tune(...) makes one'}.",
                name=name,
            )
        return max(found, key=lambda study: study.rsplit("-", 4)[1:])

    def studies(self) -> list[str]:
        """All studies, oldest first."""
        if not self.folder.is_dir():
            return []
        there = [
            path.parent.name for path in self.folder.glob(f"*/{FILE}") if (path.parent / _ASKED).exists()
        ]
        return sorted(there, key=lambda study: study.rsplit("-", 4)[1:])
