"""What a paper says and what its chapter does with it, read from `paper.yml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mmrepro.document import read_yaml
from mmrepro.errors import MMReproError, nearest, shortened
from mmrepro.evidence.claim import Claim

Profile = Literal["smoke", "cpu", "gpu"]
PROFILES: tuple[Profile, ...] = ("smoke", "cpu", "gpu")
_PAPERS = Path(__file__).parent


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Unknown(_Part):
    """Something the paper does not say, and what we chose."""

    item: str
    choice: str
    reason: str


class Reported(_Part):
    """One number that the paper reports."""

    system: str
    metric: str
    value: float
    unit: str
    source: str


class Paper(_Part):
    """One paper and its chapter.

    Attributes
    ----------
    number
        Of the chapter, as in the notebook's file name.
    reported
        The paper's numbers, with the place where each stands.
    profiles
        Profile -> settings that differ from the defaults of the chapter's `Settings`.
    tolerances
        Metric -> how far a re-run's mean may be from the committed record, in the metric's unit.
    unknowns
        What the paper leaves open.
    """

    slug: str
    number: int = Field(ge=1)
    arxiv: str = Field(pattern=r"^\d{4}\.\d{5}$")
    title: str
    short_title: str
    authors: list[str]
    published: str
    year: int
    summary: str
    links: dict[str, str] = {}
    reported: list[Reported] = []
    claims: list[Claim] = Field(min_length=1)
    unknowns: list[Unknown] = []
    tolerances: dict[str, Annotated[float, Field(ge=0)]] = {}
    profiles: dict[Profile, dict[str, Any]]

    @model_validator(mode="after")
    def _complete(self) -> Paper:
        missing = [name for name in PROFILES if name not in self.profiles]
        if missing:
            raise ValueError(f"profiles lacks {', '.join(missing)}")
        ids = [claim.id for claim in self.claims]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ValueError(f"claims names {', '.join(twice)} twice; every id stands once")
        return self

    @property
    def notebook_name(self) -> str:
        """File name of the chapter's notebook."""
        return f"{self.number:02d}_{self.module_name}.ipynb"

    @property
    def module_name(self) -> str:
        """Name of the chapter's folder in `mmrepro.papers`."""
        return self.slug.replace("-", "_")

    @property
    def url(self) -> str:
        """Address of the paper."""
        return f"https://arxiv.org/abs/{self.arxiv}"

    def value_of(self, system: str, metric: str = "accuracy") -> float:
        """Return the number the paper reports for `system`."""
        for row in self.reported:
            if (row.system, row.metric) == (system, metric):
                return row.value
        known = [f"{row.system}/{row.metric}" for row in self.reported]
        raise MMReproError(
            f"{self.slug} reports no {system}/{metric}: {nearest(f'{system}/{metric}', known)}"
        )


def paper_slugs() -> list[str]:
    """Name every paper that has a chapter, in the order of the book."""
    papers = [read_paper(path) for path in sorted(_PAPERS.glob("*/paper.yml"))]
    return [paper.slug for paper in sorted(papers, key=lambda paper: paper.number)]


def load_paper(slug: str) -> Paper:
    """Load the paper called `slug`.

    Raises
    ------
    MMReproError
        When no chapter has that name; the sentence gives the nearest ones.
    """
    path = _PAPERS / slug.replace("-", "_") / "paper.yml"
    if path.parent.parent != _PAPERS or not path.is_file():
        raise MMReproError(f"No chapter is called {slug!r}: {nearest(slug, paper_slugs())}")
    return read_paper(path)


@cache
def read_paper(path: Path) -> Paper:
    """Read and validate one `paper.yml`.

    Raises
    ------
    MMReproError
        Naming the file, the key and what would be right.
    """
    try:
        return Paper.model_validate(read_yaml(path))
    except ValidationError as error:
        raise MMReproError(f"{path}: {first_problem(error, Paper.model_fields)}") from None


def first_problem(error: ValidationError, fields: Any) -> str:
    """Tell the first problem of a pydantic error in a sentence that names the key and the way out."""
    problem = error.errors()[0]
    key = ".".join(map(str, problem["loc"])) or "the file"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return f"{key} is unknown; {nearest(str(problem['loc'][-1]), _fields_at(fields, problem['loc']))}"
    given = "" if isinstance(problem["input"], dict) else f" (it is {shortened(problem['input'])})"
    return f"{key}: {message[0].lower()}{message[1:]}{given}."


def _fields_at(fields: Any, place: tuple[int | str, ...]) -> Any:
    """Return the fields of the model that holds the last key of `place`."""
    for key in place[:-1]:
        if key in fields:
            fields = _model_in(fields[key].annotation).model_fields
    return fields


def _model_in(annotation: Any) -> type[BaseModel]:
    """Find the model in an annotation such as ``list[Claim]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((_model_in(each) for each in get_args(annotation)), BaseModel)
