"""What only the user can supply: which of it a run lacks, and what is wrong with the rest."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mmrepro.data.hub import REPOSITORIES, Repository
from mmrepro.data.local import own_file
from mmrepro.data.manifest import DatasetEntry, dataset
from mmrepro.data.weights import damage
from mmrepro.errors import MMReproError


@dataclass(frozen=True)
class Need:
    """A data set that the user supplies through a variable."""

    slug: str
    name: str
    entry: DatasetEntry
    variable: str

    @property
    def title(self) -> str:
        """Name the data set as commands do."""
        return f"{self.slug}/{self.name}"

    @property
    def repository(self) -> Repository | None:
        """Where the hub has it, if it does."""
        return REPOSITORIES.get(self.variable)

    @property
    def is_set(self) -> bool:
        """Whether the variable names something."""
        return bool(os.environ.get(self.variable))

    @property
    def problem(self) -> str | None:
        """Say in a sentence what is wrong with what the variable names; None where it names nothing."""
        try:
            own = own_file(self.variable)
        except MMReproError as error:
            return str(error)
        if own is None:
            return None
        wrong = damage(own)
        if not wrong and self.repository and not (own.parent / "config.json").is_file():
            wrong = "has no config.json beside it"
        return f"{self.variable} names {own}, which {wrong}." if wrong else None


def needs(slug: str, names: Iterable[str]) -> Iterator[Need]:
    """Yield those of a chapter's data sets that only the user can supply."""
    for name in names:
        entry = dataset(slug, name)
        if entry.variable:
            yield Need(slug, name, entry, entry.variable)


def refuse_lacking(wanted: Iterable[Need]) -> None:
    """Refuse a run before it starts where anything that its user must supply is missing or damaged.

    Raises
    ------
    MMReproError
        With everything that is missing at once.
    """
    known = list(wanted)
    lacking = {need.variable: need for need in known if not need.is_set}
    if lacking:
        told = ", ".join(f"{variable} ({need.entry.title})" for variable, need in lacking.items())
        slugs = " ".join(dict.fromkeys(need.slug for need in lacking.values()))
        raise MMReproError(
            f"This run needs what only you can supply: set {told}; `mmrepro data needs {slugs}` says where "
            "to get each and how to lay it out."
        )
    problem = next(filter(None, (need.problem for need in known)), None)
    if problem:
        raise MMReproError(problem)
