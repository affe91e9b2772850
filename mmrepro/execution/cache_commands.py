"""``mmrepro cache``: show and drop the runs that are kept."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import click

from mmrepro.execution import cache as runs
from mmrepro.execution import unfinished


class Age(click.ParamType[float]):
    """A time span in seconds, written as ``30d`` or ``12h``."""

    name = "age"
    _SECONDS: ClassVar = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a number and its unit."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([mhdw])", value)
        if not found:
            self.fail(f"{value!r} is no age; write 90m, 12h, 30d or 4w", param, ctx)
        return float(found[1]) * self._SECONDS[found[2]]


class Size(click.ParamType[int]):
    """A size in bytes, written as ``2GB`` or ``500MB``."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a number and its unit."""
        from pydantic import ByteSize, TypeAdapter, ValidationError

        try:
            return int(TypeAdapter(ByteSize).validate_python(value))
        except ValidationError:
            self.fail(f"{value!r} is no size; write 500MB or 2GB", param, ctx)


@click.group()
def cache() -> None:
    """Show and drop the runs that are kept, so that unchanged chapters need not run again."""


@cache.command("list")
def list_cache() -> None:
    """List the kept runs, the longest unused first.

    \b
    Example:
      mmrepro cache list
    """
    kept = runs.kept_runs()
    for each in kept:
        days, size = each.unused_s / 86_400, each.size / 1e6
        click.echo(f"{each.slug:<16} {each.profile:<6} {days:7.1f} d {size:8.1f} MB  {each.key}")
    total = sum(each.size for each in kept) / 1e6
    click.echo(f"{len(kept)} run(s), {total:.1f} MB in {runs.cache_dir()}")


@cache.command()
@click.option("--older-than", type=Age(), help="Drop what was not used for so long, as 30d.")
@click.option("--larger-than", type=Size(), help="Drop the longest unused until the rest fits, as 2GB.")
@click.option("--all", "everything", is_flag=True, help="Drop all.")
def prune(older_than: float | None, larger_than: int | None, everything: bool) -> None:
    """Drop kept runs, and what killed runs had finished.

    \b
    Examples:
      mmrepro cache prune --older-than 30d
      mmrepro cache prune --larger-than 2GB
      mmrepro cache prune --all
    """
    if older_than is None and larger_than is None and not everything:
        raise click.UsageError("Say what to drop: --older-than 30d, --larger-than 2GB or --all.")
    dropped = runs.prune(older_than, 0 if everything else larger_than)
    freed = sum(each.size for each in dropped) / 1e6
    click.echo(f"Dropped {len(dropped)} run(s), {freed:.1f} MB.")
    age = 0 if everything else older_than
    parts = 0 if age is None else unfinished.prune(age)
    if parts:
        click.echo(f"Dropped what {parts} killed run(s) had finished.")
