"""``mmrepro sweep``: run a chapter over a grid of settings and seeds."""

from __future__ import annotations

import importlib.util
import io
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mmrepro.errors import MMReproError, nearest
from mmrepro.execution.commands import Assignment, SeedList, refuse_idle

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from mmrepro.execution.sweep import Sweep

EXAMPLES = """
    \b
    Examples:
      mmrepro sweep mosei-fusion --grid lr=0.0003,0.001,0.003 --seeds 0..4
      mmrepro sweep mosei-fusion --grid lr=0.001,0.01 --grid hidden_size=16,32 --seeds 0..2
      mmrepro sweep mosei-fusion --grid datasets=[mosi],[mosi,mosei_labels] --seeds 0,1 --set epochs=1
"""


class SweepError(MMReproError):
    """A sweep of which points failed; what the others found is written."""

    exit_code = 1


class InterruptedSweepError(MMReproError):
    """A sweep that was stopped from the keyboard; what is finished is kept."""

    exit_code = 130


class GridValues(click.ParamType[tuple[str, list[Any]]]):
    """The values of a swept setting as ``key=a,b,c``, each read as YAML."""

    name = "key=a,b"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, list[Any]]:
        """Read the values as a list that lacks only its brackets."""
        key, equals, text = value.partition("=")
        if not equals or not key or not text.strip():
            self.fail(
                f"{value!r} names no values to sweep over; write key=a,b, as in lr=0.001,0.01", param, ctx
            )
        return Assignment().convert(f"{key}=[{text}]", param, ctx)


@click.command(help=f"Run the chapter SLUG at every combination of values and seeds.\n{EXAMPLES}")
@click.argument("slug")
@click.option("--grid", multiple=True, required=True, type=GridValues(), help="A setting and its values.")
@click.option("--seeds", type=SeedList(), required=True, help="Seeds, as 0,1,2 or 0..9; one a run.")
@click.option("--profile", default="smoke", show_default=True, help="smoke, cpu or gpu.")
@click.option("--set", "overrides", multiple=True, type=Assignment(), help="Set one setting at all points.")
@click.option(
    "--jobs", type=click.IntRange(1), help="Runs at a time; by default what cores and memory allow."
)
@click.option("--scheduler", default="local", show_default=True, help="local, or tcp://host:port of Dask.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Folder for the results.")
@click.option("--metric", "metrics", multiple=True, help="Metric to show (default: those of the claims).")
def sweep(
    slug: str,
    grid: tuple[tuple[str, list[Any]], ...],
    seeds: list[int],
    profile: str,
    overrides: tuple[tuple[str, Any], ...],
    jobs: int | None,
    scheduler: str,
    output: Path | None,
    metrics: tuple[str, ...],
) -> None:
    """Sweep a chapter; see EXAMPLES for the help text."""
    from mmrepro.execution.sweep import Sweep

    refuse_idle(scheduler, jobs=jobs)
    _need_pyarrow()
    planned = Sweep.of(slug, _each_once(grid), seeds, profile, dict(overrides))
    _refuse_unknown(planned.slug, metrics)
    folder = _made(output or planned.folder)
    failures = _run(planned, jobs, scheduler)
    for failure in failures:
        click.echo(failure, err=True)
    if planned.records:
        _report(planned, metrics, folder)
    if failures:
        rest = "the table holds the rest" if planned.records else "nothing is written"
        raise SweepError(f"{len(failures)} of {len(planned.runs)} run(s) failed; {rest}.")


def _need_pyarrow() -> None:
    if importlib.util.find_spec("pyarrow") is None:
        raise MMReproError(
            "A sweep writes its table as Parquet, which needs pyarrow: "
            "run `python -m pip install 'mmrepro[sweep]'`."
        )


def _each_once(grid: Sequence[tuple[str, list[Any]]]) -> dict[str, list[Any]]:
    keys = [key for key, _ in grid]
    for key in keys:
        if keys.count(key) > 1:
            raise click.UsageError(f"--grid names {key!r} twice; write all its values once, as {key}=a,b.")
    return dict(grid)


def _refuse_unknown(slug: str, metrics: Sequence[str]) -> None:
    """Refuse a metric that neither the claims nor the committed record know, where there is a record."""
    from mmrepro.evidence.record import committed_record

    committed = committed_record(slug)
    if committed is not None:
        _refuse_missing(slug, metrics, {*_claimed(slug), *(found.metric for found in committed.metrics)})


def _refuse_missing(slug: str, metrics: Sequence[str], known: set[str]) -> None:
    for metric in metrics:
        if metric not in known:
            raise MMReproError(f"{slug} measures no {metric!r}: {nearest(metric, known)}")


def _claimed(slug: str) -> list[str]:
    from mmrepro.papers.paper import load_paper

    return [claim.metric for claim in load_paper(slug).claims]


def _made(folder: Path) -> Path:
    """Make the folder for the results now: after hours of runs it would be too late to refuse it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MMReproError(f"The folder {folder} cannot be made: {error.strerror}.") from None
    if not os.access(folder, os.W_OK):
        raise MMReproError(f"The folder {folder} cannot be written to; name another with --output.")
    return folder


def _run(sweep: Sweep, workers: int | None, scheduler: str) -> list[str]:
    """Run what is missing, a line for each, and return what is to be said of those that failed."""
    total, failures = len(sweep.runs), []
    waiting = f"Another sweep of {sweep.slug} is running; this one begins when it has ended."
    with sweep.alone(lambda: click.echo(waiting)):
        known = sweep.take_finished()
        click.echo(f"Sweep of {sweep.slug} at profile {sweep.profile}: {total} run(s), {known} done already")
        try:
            for number, (point, outcome) in enumerate(sweep.run(workers, scheduler), known + 1):
                state = "failed" if outcome.error else "done"
                place = f"[{number:>{len(str(total))}}/{total}]"
                click.echo(f"{place} {point.label}: {state} in {outcome.seconds:.1f} s")
                if outcome.error:
                    failures.append(f"{point.label}: {outcome.error}")
        except KeyboardInterrupt:
            raise InterruptedSweepError(
                f"Interrupted: {len(sweep.records)} of {total} run(s) are done and kept; "
                "the same command goes on with the rest."
            ) from None
    return failures


def _report(sweep: Sweep, metrics: Sequence[str], folder: Path) -> None:
    """Write table and figure and show the summary of `metrics`, or of those that the claims name."""
    from mmrepro.display.sweep import choices, sweep_page
    from mmrepro.execution.sweep_table import changing, summarise
    from mmrepro.files import write_atomic

    frame = sweep.frame()
    table = io.BytesIO()
    frame.to_parquet(table, engine="pyarrow", index=False)
    write_atomic(folder / "results.parquet", table.getvalue())
    click.echo(f"Wrote {len(frame)} rows to {folder / 'results.parquet'}")
    measured = set(frame["metric"])
    _refuse_missing(sweep.slug, metrics, measured)
    chosen = metrics or [metric for metric in _claimed(sweep.slug) if metric in measured]
    summary = summarise(frame, sweep.columns, chosen)
    if summary.empty:
        raise MMReproError(
            f"No metric of the claims was measured; name others with --metric: {', '.join(sorted(measured))}."
        )
    names, changes = choices(summary), changing(summary)
    _show(summary.assign(choice=names), changes, sweep.columns)
    title = f"Sweep of {sweep.slug} over {' and '.join(sweep.columns)}, profile {sweep.profile}"
    moving = changes.groupby(names).transform("any") | (
        not changes.any()
    )  # flat lines only where all are flat
    write_atomic(folder / "figure.html", sweep_page(summary[moving], sweep.columns, title))
    click.echo(f"Wrote the figure to {folder / 'figure.html'}")


def _show(summary: pd.DataFrame, changes: pd.Series[bool], by: Sequence[str]) -> None:
    """Print a table for each `choice`, a metric on a data set, and below what is one number at all points."""
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False)
    for name, rows in summary[changes].groupby("choice", sort=False):
        console.print(_table(str(name), rows, by))
    for row in summary[~changes].drop_duplicates(["choice", "system"]).to_dict("records"):
        click.echo(f"The same at all points: {row['choice']}, {row['system']}: {row['mean']:.4g}")


def _table(name: str, rows: pd.DataFrame, by: Sequence[str]) -> Table:
    from rich import box
    from rich.table import Table

    shown = Table(
        box=box.SIMPLE_HEAD, title=f"{name}: means over seeds, 95 % t intervals", title_justify="left"
    )
    shown.add_column("system")
    for column in (*by, "mean", "interval", "seeds"):
        shown.add_column(column, justify="right", no_wrap=True)
    digits = max(0, 3 - math.floor(math.log10(rows["mean"].abs().max() or 1)))
    for system, found in rows.groupby("system", sort=False):
        for number, row in enumerate(found.to_dict("records"), 1):
            interval = f"[{row['low']:.{digits}f}, {row['high']:.{digits}f}]" if row["seeds"] > 1 else "–"
            values = [str(row[key]) for key in by]
            told = str(system) if number == 1 else ""
            shown.add_row(told, *values, f"{row['mean']:.{digits}f}", interval, str(row["seeds"]))
        shown.add_section()
    return shown
