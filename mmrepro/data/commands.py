"""``mmrepro data``: what data there are, and getting, checking and passing them on."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from textwrap import indent

import click

from mmrepro.data import store
from mmrepro.data.environment import cache_folder
from mmrepro.data.manifest import dataset, select
from mmrepro.errors import MMReproError

_TARGETS = click.argument("targets", nargs=-1, metavar="[SLUG | SLUG/NAME]...")
_JOBS = click.option(
    "--jobs", "-j", type=click.IntRange(1, 32), default=4, show_default=True, help="How many at once."
)


@click.group("data")
def data() -> None:
    """Get, check and pass on the data of the chapters.

    Data are named SLUG (all of a chapter's) or SLUG/NAME (one data set); naming none means all.

    \b
    MMREPRO_DATA      folder that data are kept in
    MMREPRO_MIRROR    folder or URL that is tried first (see `mmrepro data mirror`)
    MMREPRO_OFFLINE   set to 1: never use the network
    MMREPRO_PRIVATE   set to 1: manifests may name addresses of this machine and its network
    """


@data.command("list")
@_TARGETS
def list_data(targets: tuple[str, ...]) -> None:
    """List the data sets, their licences, and which of them are here.

    \b
    mmrepro data list
    mmrepro data list mosei-fusion
    """
    rows = []
    for slug, name in select(targets):
        entry, here = dataset(slug, name), store.locate(slug, name)
        size = _megabytes(entry.bytes) if entry.units else ""
        rows.append(
            (f"{slug}/{name}", entry.tier, entry.access, entry.licence, size, here.source if here else "-")
        )
    _table(("data set", "tier", "access", "licence", "size", "here"), rows)


@data.command("needs")
@_TARGETS
def list_needs(targets: tuple[str, ...]) -> None:
    """Say what only you can supply: where to get it, its terms, and how to lay it out.

    \b
    mmrepro data needs piip
    """
    from mmrepro.data.needs import needs

    wanted = [need for slug, name in select(targets) for need in needs(slug, [name])]
    for need in wanted:
        note = f" {need.entry.licence_note}" if need.entry.licence_note else ""
        state = need.problem or ("set" if need.is_set else "not set")
        click.echo(f"{need.title}: {need.entry.title}")
        for line in (need.entry.description, f"Licence: {need.entry.licence}.{note}"):
            click.echo(indent(" ".join(line.split()), "  "))
        if need.repository:
            click.echo(f"  `mmrepro data weights {need.title}` brings it from {need.repository.name}.")
        click.echo(f"  {need.variable}: {state}\n")
    if not wanted:
        click.echo("Nothing: what these chapters use can be fetched.")


@data.command("weights")
@_TARGETS
def bring_weights(targets: tuple[str, ...]) -> None:
    """Bring weights from the Hugging Face hub, and print the lines that name them.

    Each comes from one commit of its repository and is held against the hub's checksums; what an interrupted
    transfer brought is continued. HF_TOKEN carries a token, where terms must be accepted.

    \b
    mmrepro data weights trimod-mner
    eval "$(mmrepro data weights ewing-vls/clip)"
    """
    from mmrepro.data.hub import bring
    from mmrepro.data.needs import needs

    if not targets:
        raise click.UsageError("Name a chapter or a data set: these are gigabytes.")
    wanted = [need for slug, name in select(targets) for need in needs(slug, [name])]
    found = {need.variable: need.repository for need in wanted if need.repository}
    if not found:
        raise MMReproError(f"No weights of {', '.join(targets)} are on the hub; see `mmrepro data needs`.")
    for variable, repository in found.items():
        click.echo(f"{repository.name} at {repository.revision} into {repository.folder}", err=True)
        click.echo(f"export {variable}={shlex.quote(str(bring(repository)))}")


@data.command("fetch")
@_TARGETS
@_JOBS
def fetch_data(targets: tuple[str, ...], jobs: int) -> None:
    """Obtain data sets and verify them.

    What is already here is not fetched again.

    \b
    mmrepro data fetch mosei-fusion
    mmrepro data fetch mosei-fusion/mosi --jobs 8
    MMREPRO_MIRROR=/path/to/mirror mmrepro data fetch
    """
    _report(
        {
            target: found if isinstance(found, Exception) else f"{found.source}: {found.folder}"
            for target, found in store.fetch_many(targets, jobs).items()
        }
    )


@data.command("verify")
@_TARGETS
def verify_data(targets: tuple[str, ...]) -> None:
    """Hash the files that are here again.

    Reports every file that is not as the manifest declares. Without a name, whatever
    is here is checked.

    \b
    mmrepro data verify
    mmrepro data verify mosei-fusion/mosi
    """
    pairs = [pair for pair in select(targets) if targets or store.locate(*pair)]
    problems = [problem for pair in pairs for problem in store.verify(*pair)]
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"{len(pairs)} data sets checked, {len(problems)} problems.")
    if problems:
        raise click.exceptions.Exit(1)


@data.command("mirror")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@_TARGETS
@_JOBS
def mirror_data(folder: Path, targets: tuple[str, ...], jobs: int) -> None:
    """Lay data sets out in DIR for other machines.

    On machines that cannot reach the internet, MMREPRO_MIRROR names a copy of DIR, or the URL that serves it.

    \b
    mmrepro data mirror /path/to/mirror
    mmrepro data mirror /path/to/mirror mosei-fusion
    """
    made = store.make_mirror(folder, targets, jobs)
    _report({target: place if isinstance(place, Exception) else str(place) for target, place in made.items()})


@data.command("where")
@click.argument("target", required=False, metavar="[SLUG/NAME]")
def where_data(target: str | None) -> None:
    """Print the folder of a data set that is here, or the cache folder.

    \b
    mmrepro data where
    ls "$(mmrepro data where mosei-fusion/mosi)"
    """
    if target is None:
        click.echo(cache_folder())
        return
    slug, _, name = target.partition("/")
    found = store.locate(slug, name)
    if not found:
        click.echo(f"{target} is not here; `mmrepro data fetch {target}` brings it.", err=True)
        raise click.exceptions.Exit(1)
    click.echo(found.folder)


def _report(outcomes: dict[str, str | store.DataUnavailableError]) -> None:
    """Show where each data set is, then why others are not; exit with 1 where one is missing."""
    failed = [outcome for outcome in outcomes.values() if isinstance(outcome, Exception)]
    _table(
        ("data set", "where"),
        [(target, outcome) for target, outcome in outcomes.items() if isinstance(outcome, str)],
    )
    for error in failed:
        click.echo(str(error), err=True)
    if failed:
        raise click.exceptions.Exit(1)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in head:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*row)
    # What is read by a program or a log is not folded to the width of a screen.
    Console(width=None if sys.stdout.isatty() else 400).print(table)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
