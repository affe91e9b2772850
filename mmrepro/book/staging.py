"""Staging: the folder that Sphinx reads, made of pages, executed notebooks and records."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
import yaml
from nbformat import NotebookNode

from mmrepro.book.claims import as_csv, as_json, claim_rows
from mmrepro.book.cover import find_cover
from mmrepro.book.generated import generated_parts
from mmrepro.book.page import chapter_page
from mmrepro.book.prose import unsourced_numbers
from mmrepro.book.provenance import refuse_foreign
from mmrepro.book.repository import CONFIG, read_config, staged_config
from mmrepro.book.scoreboard import published_records, scoreboard_rows
from mmrepro.book.soundness import refuse_unsound
from mmrepro.data.manifest import load_manifest
from mmrepro.document import read_yaml
from mmrepro.errors import MMReproError, nearest
from mmrepro.evidence.record import RunRecord
from mmrepro.evidence.sums import refuse_changed
from mmrepro.execution.notebook import with_todays_words
from mmrepro.execution.run import RunFiles
from mmrepro.papers.paper import PROFILES, Paper

_PLACE = re.compile(r"^<!-- mmrepro:([a-z-]+) -->$", re.MULTILINE)


def stage(
    profile: str,
    target: Path,
    *,
    root: Path,
    runs: Path,
    papers: Sequence[Paper],
    is_stale: Callable[[RunRecord], bool],
) -> None:
    """Fill `target`, from scratch, with everything that Sphinx needs for the book.

    Parameters
    ----------
    profile
        Whose runs the chapters show.
    root
        The checkout: `_config.yml`, `_toc.yml`, `book/`, `notebooks/`, `results/` and `CHANGELOG.md` are
        read. Prose is that of the notebooks, where they are there: a run may be older than it.
    runs
        The folder of runs, as for `RunFiles.of`.
    is_stale
        Tells whether the sources have changed since a record was made.

    Raises
    ------
    MMReproError
        When a chapter has no complete, unchanged and sound run, a result was changed by hand, the table
        of contents does not fit, or the repository's address is none.
    """
    if profile not in PROFILES:
        raise MMReproError(f"No profile is called {profile!r}: {nearest(profile, PROFILES)}")
    _check_contents(root / "_toc.yml", papers)
    config = staged_config(read_config(root))
    refuse_changed(root / "results")
    records = published_records(papers, root / "results")
    executed = [_run(paper, profile, runs, root) for paper in papers]
    _refuse_foreign(papers, [*records.values(), *(run[1] for run in executed)], root, is_stale)
    pages = [
        chapter_page(*run, records.get(paper.slug), is_stale)
        for paper, run in zip(papers, executed, strict=True)
    ]
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(root / "book", target)
    shutil.copy2(root / "_toc.yml", target)
    # In its own order: scripts are loaded in the order in which it names them.
    (target / CONFIG).write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    claims = claim_rows(scoreboard_rows(papers, records))
    (target / "scoreboard.csv").write_text(as_csv(claims), encoding="utf-8")
    (target / "scoreboard.json").write_text(as_json(claims), encoding="utf-8")
    covers = {paper.slug: find_cover(run[0]) for paper, run in zip(papers, executed, strict=True)}
    shown = {
        slug: (cover.write(target, slug), cover.alt) for slug, cover in covers.items() if cover is not None
    }
    _fill(target, generated_parts(papers, records, root, is_stale, shown))
    for paper, page in zip(papers, pages, strict=True):
        _write_notebook(page, target / paper.notebook_name)


def _run(paper: Paper, profile: str, runs: Path, root: Path) -> tuple[NotebookNode, RunRecord]:
    """Return what a chapter's run left, in today's words."""
    executed, record = RunFiles.of(paper.slug, profile, runs).read()
    source = root / "notebooks" / paper.notebook_name
    if source.is_file():
        executed = with_todays_words(executed, nbformat.read(source, as_version=4))
    refuse_unsound(executed, paper.slug)
    for typed in unsourced_numbers(executed, paper):
        raise MMReproError(
            f"Chapter {paper.slug}, {typed} was typed by hand; let the run show it or cite it in paper.yml."
        )
    return executed, record


def _refuse_foreign(
    papers: Sequence[Paper],
    records: Sequence[RunRecord],
    root: Path,
    is_stale: Callable[[RunRecord], bool],
) -> None:
    """Refuse records that depart from the sources that their keys name; the pages tell which are stale."""
    by_slug = {paper.slug: paper for paper in papers}
    declared = {slug for slug in by_slug if (root / "data_manifests" / f"{slug}.yml").is_file()}
    for record in records:
        if not is_stale(record):
            manifest = load_manifest(record.slug) if record.slug in declared else None
            refuse_foreign(record, by_slug[record.slug], manifest)


def _write_notebook(notebook: Any, path: Path) -> None:
    nbformat.write(notebook, path)


def _check_contents(path: Path, papers: Sequence[Paper]) -> None:
    """Refuse a table of contents that lacks a chapter: the page would silently be left out."""
    listed = {Path(name).stem for name in listed_pages(read_yaml(path))}
    lacking = [paper.notebook_name for paper in papers if Path(paper.notebook_name).stem not in listed]
    if lacking:
        raise MMReproError(f"{path} lists no {', '.join(lacking)}; add `- file: {Path(lacking[0]).stem}`.")


def listed_pages(contents: Any) -> list[str]:
    """Return the pages of a table of contents, or of a part of one, in its order."""
    if isinstance(contents, Mapping):
        own = [contents[key] for key in ("root", "file") if key in contents]
        return own + [name for value in contents.values() for name in listed_pages(value)]
    if isinstance(contents, list):
        return [name for value in contents for name in listed_pages(value)]
    return []


def _fill(target: Path, parts: Mapping[str, str]) -> None:
    """Put the generated parts where the pages ask for them, each somewhere."""
    unasked = set(parts)
    for path in sorted(target.glob("*.md")):
        text = path.read_text()
        asked = _PLACE.findall(text)
        unasked -= set(asked)
        unknown = [name for name in asked if name not in parts]
        if unknown:
            raise MMReproError(f"book/{path.name} asks for {unknown[0]!r}: {nearest(unknown[0], parts)}")
        path.write_text(_PLACE.sub(lambda place: parts[place[1]], text))
    if unasked:
        name = min(unasked)
        raise MMReproError(
            f"No page of book/ shows {name!r}; put `<!-- mmrepro:{name} -->` where it belongs, for a table "
            "typed in its place would not follow the records."
        )
