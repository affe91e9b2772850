"""What recurred across papers: lessons, each with the claims of several chapters that test it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from mmrepro.book.markup import scrolling, table
from mmrepro.display.table import badge
from mmrepro.document import read_yaml
from mmrepro.errors import MMReproError, nearest
from mmrepro.evidence.claim import Verdict
from mmrepro.evidence.record import ClaimResult, RunRecord
from mmrepro.evidence.verdict import label
from mmrepro.papers.paper import Paper

Answer = Literal["seen", "not seen", "undecided"]
ANSWERS: tuple[Answer, ...] = ("seen", "not seen", "undecided")
# A claim that holds on other data than the paper's holds all the same, for a lesson.
_HOLDS: frozenset[Verdict] = frozenset({"reproduced", "compatible", "direction only"})


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tests(_Part):
    """Claims of one chapter: those that show the lesson when they hold, and those that do when they fail."""

    holds: tuple[str, ...] = ()
    fails: tuple[str, ...] = ()


class Lesson(_Part):
    """One way in which results deceive; `tests` are by chapter."""

    title: str
    text: str
    tests: dict[str, Tests] = Field(min_length=1)


@dataclass(frozen=True)
class Shown:
    """What one claim says of a lesson."""

    paper: Paper
    result: ClaimResult
    when: Literal["holds", "fails"]

    @property
    def answer(self) -> Answer:
        """Whether the lesson is seen at work; a claim that was not decided shows nothing either way."""
        if self.result.verdict in _HOLDS:
            return "seen" if self.when == "holds" else "not seen"
        if self.result.verdict == "not reproduced":
            return "seen" if self.when == "fails" else "not seen"
        return "undecided"


def load_lessons(path: Path) -> list[Lesson]:
    """Read the lessons at `path`; none where there is no such file.

    Raises
    ------
    MMReproError
        Naming the entry that is wrong.
    """
    if not path.is_file():
        return []
    try:
        return TypeAdapter(list[Lesson]).validate_python(read_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        raise MMReproError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from None


def shown_by(lesson: Lesson, papers: Sequence[Paper], records: Mapping[str, RunRecord]) -> list[Shown]:
    """Return what each claim of the lesson says, in the order of the book; without a record, nothing.

    Raises
    ------
    MMReproError
        When the lesson names a chapter or a claim that is not there.
    """
    known = {paper.slug: paper for paper in papers}
    for slug, tests in lesson.tests.items():
        if slug not in known:
            raise MMReproError(
                f"Lesson {lesson.title!r} names no chapter with {slug!r}: {nearest(slug, known)}"
            )
        claims = [claim.id for claim in known[slug].claims]
        for wrong in {*tests.holds, *tests.fails} - {*claims}:
            raise MMReproError(
                f"Lesson {lesson.title!r}: {slug} has no claim {wrong!r}: {nearest(wrong, claims)}"
            )
    return [
        Shown(paper, result, "holds" if result.id in lesson.tests[paper.slug].holds else "fails")
        for paper in sorted(papers, key=lambda each: each.number)
        if paper.slug in lesson.tests and paper.slug in records
        for result in records[paper.slug].claims
        if result.id in {*lesson.tests[paper.slug].holds, *lesson.tests[paper.slug].fails}
    ]


def lessons_markdown(
    lessons: Sequence[Lesson], papers: Sequence[Paper], records: Mapping[str, RunRecord]
) -> str:
    """Write the table of all lessons and a section for each."""
    found = {lesson.title: shown_by(lesson, papers, records) for lesson in lessons}
    if not any(found.values()):
        return "No committed record yet."
    overview = [_overview(lesson, found[lesson.title]) for lesson in lessons]
    header = ["Lesson", "Chapters", *(answer.capitalize() for answer in ANSWERS)]
    sections = [_section(lesson, found[lesson.title]) for lesson in lessons if found[lesson.title]]
    return "\n\n".join([scrolling(table(header, overview), "mm-chapters"), *sections])


def _overview(lesson: Lesson, shown: Sequence[Shown]) -> list[str]:
    counts = Counter(each.answer for each in shown)
    chapters = {each.paper.number for each in shown}
    return [lesson.title, str(len(chapters)), *(str(counts[answer]) for answer in ANSWERS)]


def _section(lesson: Lesson, shown: Sequence[Shown]) -> str:
    counts = Counter(each.answer for each in shown)
    told = (
        f"At work in **{counts['seen']} of {len(shown)}** tests, not seen in {counts['not seen']}, "
        f"undecided in {counts['undecided']}."
    )
    rows = [
        [
            f"[{each.paper.number}. {each.paper.slug}]({Path(each.paper.notebook_name).stem})",
            f"**{each.result.id}** {each.result.sentence}",
            badge(each.result.verdict, label(each.result.verdict, each.result.tier)),
            f"**{each.answer}**" if each.answer == "seen" else each.answer,
        ]
        for each in shown
    ]
    claims = scrolling(table(["Chapter", "Claim", "Verdict", "Lesson"], rows), "mm-lesson full-width")
    return f"## {lesson.title}\n\n{lesson.text.strip()}\n\n{told}\n\n{claims}"
