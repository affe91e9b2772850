"""``mmrepro run``: execute chapters."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mmrepro.errors import MMReproError

EXAMPLES = """
    \b
    Examples:
      mmrepro run mosei-fusion
      mmrepro run mosei-fusion --profile cpu --seeds 0..9
      mmrepro run mosei-fusion --set epochs=3 --set lr=0.01
      mmrepro run --profile cpu                       every chapter
      mmrepro run --profile cpu --scheduler tcp://head:8786    on a Dask cluster
      mmrepro run --profile cpu --stale --compare     only chapters that changed; check the records
      accelerate launch --no_python mmrepro run piip --profile gpu      on every GPU that there is
"""


class SeedList(click.ParamType[list[int]]):
    """Seeds as ``0,1,2`` or ``0..9``."""

    name = "seeds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[int]:
        """Read a list or an inclusive range of seeds."""
        try:
            if ".." in value:
                first, last = (int(part) for part in value.split(".."))
                seeds = list(range(first, last + 1))
            else:
                seeds = [int(part) for part in value.split(",")]
        except ValueError:
            seeds = []
        if not seeds or min(seeds) < 0:
            self.fail(f"{value!r} is no list of seeds; write 0,1,2 or 0..9", param, ctx)
        return seeds


class Assignment(click.ParamType[tuple[str, Any]]):
    """A setting as ``key=value``; the value is read as YAML."""

    name = "key=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Any]:
        """Split a setting from its value."""
        import yaml

        key, equals, text = value.partition("=")
        if not equals or not key:
            self.fail(f"{value!r} is no setting; write key=value, as in epochs=3", param, ctx)
        try:
            return key, yaml.safe_load(text)
        except yaml.YAMLError:
            self.fail(f"the value of {key!r} cannot be read: {text!r}", param, ctx)


@click.command(help=f"Execute the chapters SLUG... (default: all) and write their run records.\n{EXAMPLES}")
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@click.option("--profile", default="smoke", show_default=True, help="smoke, cpu or gpu.")
@click.option("--seeds", type=SeedList(), help="Seeds, as 0,1,2 or 0..9.")
@click.option("--device", help="auto, cpu or cuda.")
@click.option("--set", "overrides", multiple=True, type=Assignment(), help="Override one setting.")
@click.option(
    "--jobs",
    "workers",
    type=click.IntRange(1),
    help="Chapters at a time; by default what cores and memory allow.",
)
@click.option(
    "--scheduler", default="local", show_default=True, help="local, or a Dask scheduler: tcp://host:8786."
)
@click.option("--warm", is_flag=True, help="Fork kernels from one preloaded process (Linux).")
@click.option("--fresh", is_flag=True, help="Execute, also what the cache holds.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Folder for the runs.")
@click.option(
    "--stale", is_flag=True, help="Only chapters whose committed record no longer fits the sources."
)
@click.option("--compare", is_flag=True, help="Check each record against the committed one.")
@click.option("--publish", is_flag=True, help="Put each record into results/, to be committed.")
@click.option(
    "--refresh", is_flag=True, help="Put outputs of cells tagged nbval-check-output into the notebook."
)
def run(
    slugs: tuple[str, ...],
    profile: str,
    seeds: list[int] | None,
    device: str | None,
    overrides: tuple[tuple[str, Any], ...],
    output: Path | None,
    stale: bool,
    publish: bool,
    refresh: bool,
    **how: Any,
) -> None:
    """Execute chapters; see EXAMPLES for the help text."""
    _refuse_clashes(cold=publish or refresh or how["compare"], **how)
    if how.pop("warm"):  # before all imports: what kernels are forked from needs the longest to be ready
        from mmrepro.execution.preloader import warm_kernels

        click.get_current_context().with_resource(warm_kernels())
    from mmrepro.papers.paper import load_paper, paper_slugs
    from mmrepro.project import root, runs_dir
    from mmrepro.rank import rank, world_size

    chosen = [load_paper(slug).slug for slug in slugs] or paper_slugs()
    if stale:
        chosen = [slug for slug in chosen if _is_stale(slug, profile)]
        if not chosen:
            click.echo(f"Every committed {profile} record fits its sources; nothing to run.")
            return
    folder, parameters = output or runs_dir(), _parameters(profile, seeds, device, overrides)
    if world_size() > 1:  # all of them must do the same, one chapter after the other
        how |= {"fresh": True, "workers": 1}
    if rank() > 0:
        _train_along(chosen, parameters, folder / f"rank-{rank()}")
        return
    execute(chosen, parameters, folder, publish=publish, **how)
    if publish:
        from mmrepro.book.scoreboard import update_readme

        update_readme(root() / "README.md")
    if refresh:
        _refresh(chosen, profile, folder)


def _train_along(slugs: Sequence[str], parameters: dict[str, Any], folder: Path) -> None:
    """Run chapters beside the process that tells and keeps the results; `folder` is for looking into."""
    from mmrepro.execution.job import Job, run_chapter

    for slug in slugs:
        run_chapter(Job(slug, parameters, folder.resolve()))


def _refuse_clashes(*, cold: bool, warm: bool, scheduler: str, workers: int | None, **_: Any) -> None:
    if warm and cold:
        raise click.UsageError(
            "--warm goes with none of --publish, --compare and --refresh: they need cold kernels."
        )
    refuse_idle(scheduler, jobs=workers, warm=warm)


def refuse_idle(scheduler: str, **options: Any) -> None:
    """Refuse options that say how runs share this machine, when they run on others."""
    for name, value in options.items():
        if value and scheduler != "local":
            raise click.UsageError(f"--{name} is for runs on this machine; leave it out with --scheduler.")


def _refresh(slugs: Sequence[str], profile: str, folder: Path) -> None:
    from mmrepro.execution.notebook import refresh_outputs

    for slug in slugs:
        refresh_outputs(slug, profile, folder)


def _parameters(
    profile: str, seeds: list[int] | None, device: str | None, overrides: Sequence[tuple[str, Any]]
) -> dict[str, Any]:
    """Return what papermill is to put into the notebooks: only what was asked for."""
    given = {"seeds": seeds, "device": device, "overrides": dict(overrides) or None}
    return {"profile": profile} | {name: value for name, value in given.items() if value is not None}


def execute(
    slugs: Sequence[str],
    parameters: dict[str, Any],
    folder: Path,
    *,
    workers: int | None = None,
    scheduler: str = "local",
    fresh: bool = False,
    compare: bool = False,
    publish: bool = False,
) -> None:
    """Run chapters, tell how each went, and raise when any failed.

    A chapter whose run is in the cache is not run again, but for `fresh`, and where its record is to be
    held against the committed one or to replace it. Without `workers` as many run at a time as the
    machine has room for; runs that are to be published have it for themselves.

    Raises
    ------
    MMReproError
        With exit code 1, naming the chapters that failed, once all have run; with 2 before any runs,
        where settings are refused or data that only the user can supply are missing.
    """
    from mmrepro.execution.job import ChapterError, Job, refuse_wrong
    from mmrepro.execution.room import room_for
    from mmrepro.execution.runner import run_jobs
    from mmrepro.execution.unfinished import folder_of, forget

    jobs = [Job(slug, parameters, folder.resolve()) for slug in slugs]
    refuse_wrong(jobs)
    failed: list[str] = []
    entries = _entries(jobs)
    if fresh:
        for job in jobs:
            forget(folder_of(job))
    if not (fresh or compare or publish):
        jobs = [job for job in jobs if not _taken_from_cache(job, entries)]
    outcomes = run_jobs(jobs, workers or (1 if publish else room_for(jobs)), scheduler)
    _announce(jobs, parameters["profile"])
    for outcome in outcomes:
        slug, error = outcome.job.slug, outcome.error
        problems = [str(error)] if error else _after(outcome, compare=compare, publish=publish)
        if problems:
            failed.append(slug)
        elif slug in entries and not publish:  # the page of a published run shows the record before it
            entries[slug].keep(outcome.job.files)
        _tell(outcome, problems)
    if failed:
        raise ChapterError(f"{len(failed)} of {len(jobs)} chapter(s) failed: {', '.join(sorted(failed))}.")


def _announce(jobs: Sequence[Any], profile: str) -> None:
    if jobs:
        click.echo(
            f"Running {len(jobs)} chapter(s) at profile {profile}: {', '.join(job.slug for job in jobs)}"
        )


def _tell(outcome: Any, problems: Sequence[str]) -> None:
    click.echo(f"{outcome.job.slug}: {'failed' if problems else 'done'} in {outcome.seconds:.1f} s")
    for problem in problems:
        click.echo(f"  {problem}", err=True)


def _entries(jobs: Sequence[Any]) -> dict[str, Any]:
    """Return slug -> entry in the cache; a chapter that cannot have one will say why when it runs."""
    from mmrepro.execution.cache import Entry

    found = {}
    for job in jobs:
        with contextlib.suppress(MMReproError):
            found[job.slug] = Entry.of(job)
    return found


def _taken_from_cache(job: Any, entries: dict[str, Any]) -> bool:
    from mmrepro.execution.cache import DamagedEntryError

    try:
        taken = job.slug in entries and entries[job.slug].take(job.files)
    except DamagedEntryError as error:
        click.echo(str(error), err=True)
        return False
    if taken:
        click.echo(f"{job.slug}: unchanged, taken from the cache")
    return taken


def _after(outcome: Any, *, compare: bool, publish: bool) -> list[str]:
    """Compare a finished run with the committed record, put it in its place, or one after the other."""
    from mmrepro.evidence.comparison import differences
    from mmrepro.evidence.record import read_record
    from mmrepro.evidence.sums import write_measured
    from mmrepro.papers.paper import load_paper
    from mmrepro.project import results_dir

    record = outcome.record
    committed = results_dir() / record.profile / f"{record.slug}.json"
    problems: list[str] = []
    if compare and committed.is_file():
        problems = differences(record, read_record(committed), load_paper(record.slug).tolerances)
    elif compare and not publish:
        problems = [f"no committed record at {committed}; make one with --publish"]
    if publish and not problems:
        write_measured(committed, outcome.job.files.record.read_bytes())
    return problems


def _is_stale(slug: str, profile: str) -> bool:
    from mmrepro.evidence.record import read_record
    from mmrepro.execution.key_index import is_stale
    from mmrepro.project import results_dir

    path = results_dir() / profile / f"{slug}.json"
    if not path.is_file():
        return True
    try:
        return is_stale(read_record(path))
    except MMReproError as error:
        click.echo(f"{error}", err=True)
        return True
