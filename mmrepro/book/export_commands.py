"""``mmrepro export``: runs as RO-Crates, and their data sets as Croissant files."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mmrepro.errors import MMReproError

if TYPE_CHECKING:
    from mmrepro.evidence.record import RunRecord
    from mmrepro.papers.paper import Paper

_METADATA = "ro-crate-metadata.json"
_EXTRAS = {"rocrate": "export", "mlcroissant": "corpus"}


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
def export(folder: Path, slugs: tuple[str, ...]) -> None:
    """Write the committed runs and their data sets into DIR for programs.

    Each chapter gets a folder: a Process Run Crate (RO-Crate) of its `cpu` record and its notebook, and a
    Croissant file for each of its data sets. Naming no chapter means all. An earlier export is replaced.

    \b
    Examples:
      mmrepro export exported
      mmrepro export exported mosei-fusion piip
    """
    _require_libraries()
    from mmrepro.book.scoreboard import published_records
    from mmrepro.papers.paper import load_paper, paper_slugs
    from mmrepro.project import results_dir

    papers = [load_paper(slug) for slug in dict.fromkeys(slugs or paper_slugs())]
    records = published_records(papers, results_dir())
    _require_records(papers, records)
    for paper in papers:
        _require_replaceable(folder / paper.slug, paper.slug)
    today = datetime.now(UTC).date()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for paper in papers:
            _export_chapter(folder / paper.slug, paper, records[paper.slug], today)
            click.echo(folder / paper.slug)
    except OSError as error:
        reason = f"{os.strerror(error.errno or 0)}: {error.filename or folder}"
        raise MMReproError(
            f"Cannot export into {folder} ({reason}); name a DIR that can be written."
        ) from None


def _require_libraries() -> None:
    missing = [name for name in _EXTRAS if importlib.util.find_spec(name) is None]
    if missing:
        extras = ",".join(_EXTRAS[name] for name in missing)
        raise MMReproError(
            f"An export needs {' and '.join(missing)}; install it with `pip install -e '.[{extras}]'`."
        )


def _require_records(papers: Sequence[Paper], records: dict[str, RunRecord]) -> None:
    missing = [paper.slug for paper in papers if paper.slug not in records]
    if missing:
        raise MMReproError(
            f"No committed cpu record of {', '.join(missing)}; "
            f"`mmrepro run {missing[0]} --profile cpu --publish` makes one."
        )


def _require_replaceable(target: Path, slug: str) -> None:
    """Refuse to replace what is not an earlier export, file by file: an export lists all that it holds."""
    if not os.path.lexists(target):
        return
    try:
        graph = json.loads((target / _METADATA).read_bytes())["@graph"]
        listed = {part["@id"] for entity in graph if entity["@id"] == "./" for part in entity["hasPart"]}
    except (OSError, ValueError, KeyError, TypeError):
        listed = set()
    there = {path.relative_to(target).as_posix() for path in target.rglob("*") if not path.is_dir()}
    if f"{slug}.json" not in listed or there - listed - {_METADATA}:
        raise MMReproError(f"{target} is not only an earlier export; move it away or name another DIR.")


def _export_chapter(target: Path, paper: Paper, record: RunRecord, today: date) -> None:
    """Fill a folder beside `target` and put it in its place."""
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _fill(draft / "new", paper, record, today)
        with contextlib.suppress(FileNotFoundError):  # there is none, or another process has just moved it
            target.rename(draft / "old")
        try:
            (draft / "new").rename(target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # another process was first with the same
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _fill(folder: Path, paper: Paper, record: RunRecord, today: date) -> None:
    from mmrepro.book.crate import CARDS, describe_run
    from mmrepro.book.scoreboard import PUBLISHED
    from mmrepro.data.croissant import croissant
    from mmrepro.data.manifest import load_manifest
    from mmrepro.execution.key import notebook_path
    from mmrepro.execution.key_index import is_stale
    from mmrepro.files import write_atomic
    from mmrepro.project import results_dir

    (folder / CARDS).mkdir(parents=True)
    name = f"{paper.slug}.json"
    shutil.copyfile(results_dir() / PUBLISHED / name, folder / name)
    shutil.copyfile(notebook_path(paper), folder / paper.notebook_name)
    manifest = load_manifest(paper.slug)
    for dataset, entry in manifest.datasets.items():
        card = croissant(paper.slug, dataset, entry)
        write_atomic(
            folder / CARDS / f"{dataset}.json", json.dumps(card, indent=1, ensure_ascii=False) + "\n"
        )
    describe_run(folder, paper, manifest, record, day=today, stale=is_stale(record))
