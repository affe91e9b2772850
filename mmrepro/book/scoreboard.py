"""The scoreboard: what became of every claim, computed from the committed records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from mmrepro.book.markup import scrolling, table
from mmrepro.display.table import badge, our_value, paper_value
from mmrepro.errors import MMReproError
from mmrepro.evidence.claim import Verdict
from mmrepro.evidence.record import ClaimResult, RunRecord, read_record
from mmrepro.evidence.verdict import heading_mark, label
from mmrepro.files import write_atomic
from mmrepro.papers.paper import Paper, load_paper, paper_slugs
from mmrepro.project import results_dir

PUBLISHED = "cpu"
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
START, END = "<!-- scoreboard:start -->", "<!-- scoreboard:end -->"
NO_RECORD = "No committed record yet: no chapter has been run at the `cpu` profile and its record committed."


@dataclass(frozen=True)
class ScoreboardRow:
    """One chapter on the scoreboard; `record` is None until one is committed."""

    paper: Paper
    record: RunRecord | None

    @property
    def mark(self) -> str:
        """The chapter's mark, or a dash without a record."""
        return chapter_mark(self.record) if self.record else "–"

    def count(self, verdict: Verdict) -> str:
        """Spell how many claims have `verdict`."""
        if self.record is None:
            return "–"
        return str(Counter(result.verdict for result in self.record.claims)[verdict])


def chapter_mark(record: RunRecord) -> str:
    """Compute the mark of a chapter's heading from the headline claims of `record`."""
    return heading_mark([(result.verdict, result.tier) for result in record.claims if result.headline])


def published_records(papers: Sequence[Paper], results: Path) -> dict[str, RunRecord]:
    """Read the committed `cpu` record of every paper that has one, by slug.

    Raises
    ------
    MMReproError
        When one was changed, or is that of another chapter or profile.
    """
    paths = {paper.slug: results / PUBLISHED / f"{paper.slug}.json" for paper in papers}
    records = {slug: read_record(path) for slug, path in paths.items() if path.is_file()}
    for slug, record in records.items():
        if (record.slug, record.profile) != (slug, PUBLISHED):
            raise MMReproError(
                f"{paths[slug]} is the {record.profile} record of {record.slug}; make the right one with "
                f"`mmrepro run {slug} --profile {PUBLISHED} --publish`."
            )
    return records


def scoreboard_rows(papers: Sequence[Paper], records: Mapping[str, RunRecord]) -> list[ScoreboardRow]:
    """Pair every paper with its committed record, in the order of the book."""
    ordered = sorted(papers, key=lambda paper: paper.number)
    return [ScoreboardRow(paper, records.get(paper.slug)) for paper in ordered]


def scoreboard_markdown(rows: Sequence[ScoreboardRow], link: Callable[[Paper], str]) -> str:
    """Write the table of chapters: how many claims got which verdict.

    Parameters
    ----------
    link
        Gives the address of a chapter from where the table stands.
    """
    if not any(row.record for row in rows):
        return NO_RECORD
    header = ["Chapter", "Mark", *(verdict.capitalize() for verdict in VERDICTS)]
    body = [
        [
            f"[{row.paper.short_title}]({link(row.paper)})<br>[arXiv:{row.paper.arxiv}]({row.paper.url})",
            row.mark,
            *(row.count(verdict) for verdict in VERDICTS),
        ]
        for row in rows
    ]
    return table(header, body)


def claims_markdown(rows: Sequence[ScoreboardRow], is_stale: Callable[[RunRecord], bool]) -> str:
    """Write the book's table of all claims, one section a chapter that has a record."""
    if not any(row.record for row in rows):
        return NO_RECORD
    return "\n\n".join(_chapter_claims(row, row.record, is_stale) for row in rows if row.record)


def _chapter_claims(row: ScoreboardRow, record: RunRecord, is_stale: Callable[[RunRecord], bool]) -> str:
    header = ["Claim", "Paper", "Ours", "From", "Tier", "Verdict"]
    body = [
        [
            f"**{result.id}** {result.sentence}",
            f"{paper_value(result)}<br><small>{result.source}</small>",
            our_value(result),
            _sample(result),
            "–" if result.verdict == "not testable" else result.tier,
            f"{badge(result.verdict, label(result.verdict, result.tier))}<br><small>{result.reason}</small>",
        ]
        for result in record.claims
    ]
    state = " **The sources have changed since; this record is stale.**" if is_stale(record) else ""
    made = f"Record of {record.started:%Y-%m-%d}, key `{record.code.key[:12]}`.{state}"
    heading = f"### {row.paper.number}. {row.paper.short_title}"
    return f"{heading}\n\n{made}\n\n{scrolling(table(header, body), 'mm-claims full-width')}"


def _sample(result: ClaimResult) -> str:
    """Say what the uncertainty of a claim is over."""
    if result.estimate is None:
        return "–"
    if result.estimate.basis == "exact":
        return "exact"
    unit = result.estimate.basis if result.n_seeds != 1 else result.estimate.basis.removesuffix("s")
    return f"{result.n_seeds} {unit}"


def readme_scoreboard(papers: Sequence[Paper] | None = None, results: Path | None = None) -> str:
    """Write the scoreboard as it stands in the README."""
    chapters = [load_paper(slug) for slug in paper_slugs()] if papers is None else papers
    records = published_records(chapters, results or results_dir())
    rows = scoreboard_rows(chapters, records)
    return scoreboard_markdown(rows, lambda paper: f"notebooks/{paper.notebook_name}")


def update_readme(path: Path, papers: Sequence[Paper] | None = None, results: Path | None = None) -> bool:
    """Put the current scoreboard between the markers of the README at `path`; tell if it changed."""
    text = path.read_text()
    wanted = _with_scoreboard(text, readme_scoreboard(papers, results), path)
    if wanted != text:
        write_atomic(path, wanted)
    return wanted != text


def readme_is_current(path: Path, papers: Sequence[Paper] | None = None, results: Path | None = None) -> bool:
    """Tell whether the README at `path` shows what the committed records give."""
    text = path.read_text()
    return text == _with_scoreboard(text, readme_scoreboard(papers, results), path)


def _with_scoreboard(text: str, board: str, path: Path) -> str:
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise MMReproError(f"{path} has no place for the scoreboard; put {START} and {END} on two lines.")
    return f"{before}{START}\n\n{board}\n\n{END}{after}"
