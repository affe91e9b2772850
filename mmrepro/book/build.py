"""Building the book: stage, fetch the assets, let Jupyter Book write the pages, put them in place."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mmrepro import project
from mmrepro.book.assets import fetch_assets
from mmrepro.book.launch import without_outputs, write_launchable
from mmrepro.book.repository import read_config, repository_of
from mmrepro.book.staging import stage
from mmrepro.errors import MMReproError
from mmrepro.evidence.record import RunRecord
from mmrepro.papers.paper import Paper, load_paper, paper_slugs

_WARNINGS_TOLD = 5
_WARNING = re.compile(r"\b(WARNING|ERROR|CRITICAL|Exception occurred|Extension error|exception:)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def build_book(
    profile: str,
    *,
    root: Path | None = None,
    runs: Path | None = None,
    papers: Sequence[Paper] | None = None,
    is_stale: Callable[[RunRecord], bool] | None = None,
) -> Path:
    """Build the book from runs that are already there and return its first page.

    Nothing is executed. A build that fails leaves the previous book in place. Where the configuration
    names the repository, launchable notebooks are left in `_build/launch` and offered on the pages.

    Parameters
    ----------
    profile
        Whose runs the chapters show.
    root, runs
        The checkout and its folder of runs; by default the project's.
    papers
        The chapters; by default all.
    is_stale
        Tells whether the sources have changed since a record was made; by default from the run key.

    Raises
    ------
    MMReproError
        When a chapter may not be published, the repository's address is none, an asset cannot be had or
        a page has a warning.
    """
    base = root or project.root()
    chapters = [load_paper(slug) for slug in paper_slugs()] if papers is None else papers
    build = base / "_build"
    source, work = build / "source", build / "book"
    _bring_back(build / "html")
    stage(
        profile,
        source,
        root=base,
        runs=runs or project.runs_dir(),
        papers=chapters,
        is_stale=is_stale or _key_changed,
    )
    vendor = source / "style" / "vendor"
    vendor.mkdir()
    for asset in fetch_assets(build / "assets"):
        shutil.copy2(asset, vendor / asset.name)
    _run_jupyter_book(source, work)
    _lighten_downloads(work / "_build" / "html" / "_sources")
    _offer_launchable(chapters, base, work)
    _put_in_place(work / "_build" / "html", build / "html")
    return build / "html" / "index.html"


def _key_changed(record: RunRecord) -> bool:
    from mmrepro.execution.key_index import is_stale

    return is_stale(record)


def _run_jupyter_book(source: Path, work: Path) -> None:
    """Run Jupyter Book in a process of its own: Sphinx changes the state of the one it runs in."""
    shutil.rmtree(work, ignore_errors=True)  # an old environment would hide a changed extension
    program = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"
    options = ["build", str(source), "--path-output", str(work), "-n", "-W", "--keep-going"]
    outcome = subprocess.run(
        [sys.executable, "-c", program, *options], capture_output=True, text=True, check=False
    )
    # Jupyter Book has exited with 0 after errors of its own; a missing first page betrays that.
    if outcome.returncode or not (work / "_build" / "html" / "index.html").is_file():
        raise MMReproError(f"The book was not built: {_first_problems(outcome.stderr, source)}")


def _lighten_downloads(folder: Path) -> None:
    """Leave the outputs out of the notebooks that pages offer for download: a page shows them already."""
    import nbformat

    for path in sorted(folder.glob("*.ipynb")):
        nbformat.write(without_outputs(nbformat.read(path, as_version=4)), path)


def _offer_launchable(papers: Sequence[Paper], root: Path, work: Path) -> None:
    """Leave launchable notebooks in `_build/launch`, and to be downloaded, if the repository is known."""
    place = root / "_build" / "launch"
    repository = repository_of(read_config(root))
    if repository is None:
        shutil.rmtree(place, ignore_errors=True)
        return
    write_launchable(papers, root / "notebooks", repository, work / "launch")
    shutil.copytree(work / "launch", work / "_build" / "html" / "_sources", dirs_exist_ok=True)
    _put_in_place(work / "launch", place)


def _first_problems(log: str, source: Path) -> str:
    """Tell the first few warnings of a build, one after the other."""
    lines = [_COLOUR.sub("", line).strip().replace(f"{source}/", "") for line in log.splitlines()]
    problems = list(dict.fromkeys(line for line in lines if _WARNING.search(line)))
    if not problems:
        problems = [line for line in lines if line][-1:] or ["Jupyter Book gave no reason"]
    more = len(problems) - _WARNINGS_TOLD
    told = "; ".join(problems[:_WARNINGS_TOLD])
    return f"{told}; and {more} more." if more > 0 else f"{told}."


def _bring_back(pages: Path) -> None:
    """Bring the previous pages back where a build was killed after it had set them aside."""
    retired = _retired(pages)
    if retired.exists() and not pages.exists():
        retired.rename(pages)


def _retired(pages: Path) -> Path:
    return pages.with_name(f".{pages.name}.old")


def _put_in_place(new: Path, old: Path) -> None:
    """Swap the finished pages for the previous ones."""
    retired = _retired(old)
    shutil.rmtree(retired, ignore_errors=True)
    if old.exists():
        old.rename(retired)
    new.rename(old)
    shutil.rmtree(retired, ignore_errors=True)
