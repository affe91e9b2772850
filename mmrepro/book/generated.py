"""The parts of the book's pages that are computed: chapters, scoreboard, interval widths, changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mmrepro.book.benchmark import benchmark_parts
from mmrepro.book.data_sets import data_markdown, needs_markdown
from mmrepro.book.faults import fault_parts
from mmrepro.book.gpu import gpu_parts
from mmrepro.book.lessons import lessons_markdown, load_lessons
from mmrepro.book.markup import scrolling, table
from mmrepro.book.scoreboard import (
    VERDICTS,
    ScoreboardRow,
    claims_markdown,
    scoreboard_markdown,
    scoreboard_rows,
)
from mmrepro.data.manifest import load_manifest
from mmrepro.display.table import badge
from mmrepro.evidence.record import RunRecord
from mmrepro.evidence.statistics import prediction_interval
from mmrepro.papers.paper import Paper


def generated_parts(
    papers: Sequence[Paper],
    records: Mapping[str, RunRecord],
    root: Path,
    is_stale: Callable[[RunRecord], bool],
    covers: Mapping[str, tuple[str, str]],
) -> dict[str, str]:
    """Write every generated part; a page asks for one by ``<!-- mmrepro:name -->``.

    Parameters
    ----------
    root
        The checkout, of which `CHANGELOG.md`, lessons and the results of benchmarks and faults are read.
    covers
        Slug -> address of the picture on its card, and what it shows in words.
    """
    rows = scoreboard_rows(papers, records)
    chapters = scoreboard_markdown(rows, lambda paper: paper.notebook_name)
    return {
        "chapter-cards": _cards(rows, covers),
        "scoreboard-chapters": scrolling(chapters, "mm-chapters full-width") if records else chapters,
        "scoreboard-claims": claims_markdown(rows, is_stale),
        "interval-widths": _interval_widths(),
        "changes": _changes(root / "CHANGELOG.md"),
        "lessons": lessons_markdown(load_lessons(root / "book" / "lessons.yml"), papers, records),
        **_data_sets(papers, root / "data_manifests"),
        **benchmark_parts(root / "results" / "benchmarks" / "engine.json"),
        **fault_parts(root / "results" / "faults.json"),
        **gpu_parts(root / "results" / "gpu", papers),
    }


def _cards(rows: Sequence[ScoreboardRow], covers: Mapping[str, tuple[str, str]]) -> str:
    if not rows:
        return "No chapter yet."
    cards = [_card(row, covers.get(row.paper.slug)) for row in rows]
    return "\n".join([":::::{grid} 1 1 2 2", ":gutter: 3", "", *cards, ":::::"])


def _card(row: ScoreboardRow, cover: tuple[str, str] | None) -> str:
    paper = row.paper
    found = ((verdict, row.count(verdict)) for verdict in VERDICTS)
    badges = [badge(verdict, f"{count} {verdict}") for verdict, count in found if count not in ("0", "–")]
    title = f"{paper.number}. {paper.short_title}"
    lines = [
        f"::::{{grid-item-card}} {title}",
        f":link: {Path(paper.notebook_name).stem}",
        ":link-type: doc",
        f":link-alt: Chapter {title}",
        *([f":img-top: {cover[0]}", f":img-alt: {' '.join(cover[1].split())}"] if cover else []),
        "",
        paper.summary.strip(),
        "",
        ":::{div} mm-found",
        " ".join(badges) or "No committed record yet.",
        ":::",
        "::::",
    ]
    return "\n".join(lines)


def _data_sets(papers: Sequence[Paper], folder: Path) -> dict[str, str]:
    declared = [paper for paper in papers if (folder / f"{paper.slug}.yml").is_file()]
    manifests = {paper.slug: load_manifest(paper.slug) for paper in declared}
    return {
        "data-sets": data_markdown(declared, manifests) or "No chapter declares data.",
        "data-needs": needs_markdown(declared, manifests),
    }


def _interval_widths() -> str:
    """Tabulate how wide a 95 % prediction interval is, in standard deviations of the runs."""
    header = ["Runs", "The 95 % interval of one more run: our mean ±"]
    return table(header, [[str(count), f"{_half_width(count):.2f} s"] for count in (2, 3, 5, 10, 20)])


def _half_width(count: int) -> float:
    """Half the interval's width for `count` runs whose sample standard deviation is one."""
    # Two values at ±a have the deviation one for this a; zeros between them shrink it accordingly.
    edge = math.sqrt((count - 1) / 2)
    low, high = prediction_interval([-edge, *[0.0] * (count - 2), edge])
    return (high - low) / 2


def _changes(changelog: Path) -> str:
    """Return the change log without its own title, for the page has one."""
    if not changelog.is_file():
        return "No release yet."
    lines = changelog.read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith("# ")).strip()
