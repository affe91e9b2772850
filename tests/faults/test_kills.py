"""Kernel, worker, runner or builder killed at a random moment: the next run makes it good."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest

from mmrepro.book.build import build_book
from mmrepro.errors import MMReproError
from mmrepro.execution.job import perform
from mmrepro.execution.run import RunFiles
from tests.book.conftest import house  # noqa: F401
from tests.book.specimen import PAPER, handmade
from tests.book.test_build import stub_assets  # noqa: F401
from tests.conftest import HERE, SLUG, Checkout
from tests.execution.conftest import job  # noqa: F401

# A second of work in ten parts, each of which is kept.
PARTS = (
    "import time\nfrom mmrepro.resume import resumable\n\n@resumable\ndef part(number):\n"
    "    time.sleep(0.1)\n    return number / 7",
    "for number in range(10):\n"
    '    chapter.measure("number", {"ours": part(number)}, dataset=None, seed=number)',
)


def started(folder):
    return subprocess.Popen(
        [sys.executable, "-m", "mmrepro.cli", "run", SLUG],
        env={**os.environ, "MMREPRO_ROOT": str(folder), "MMREPRO_RUNS": str(folder / "runs")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def victim(process, target):
    """Find the process to kill: the command, what forks its workers, a worker, or the chapter's kernel."""
    if target == "runner":
        return psutil.Process(process.pid)
    for child in psutil.Process(process.pid).children(recursive=True):
        words, is_own = " ".join(child.cmdline()), child.ppid() == process.pid
        if {
            "server": "forkserver" in words and is_own,
            "worker": "forkserver" in words and not is_own,
            "kernel": "ipykernel" in words,
        }[target]:
            return child
    return None


def end_at_random(process, target, rng):
    """Kill `target` once it is there and a random while has passed; False when all was over before."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        found = victim(process, target)
        if found:
            time.sleep(rng.uniform(0, 4))
            try:
                found.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                return False
            return True
        time.sleep(0.02)
    return False


@pytest.mark.notebook
@pytest.mark.fault(
    "kernel, worker, what forks workers, or runner killed at a random moment, as often as is asked for",
    "told in a sentence, exit code 1, nothing half; the next run is that of an unbroken one",
)
@pytest.mark.parametrize("target", ["kernel", "worker", "server", "runner"])
def test_a_run_killed_at_any_moment_is_made_good_by_the_next(target, tmp_path, pytestconfig):
    digests = set()
    for number in range(pytestconfig.getoption("--times")):
        folder = tmp_path / str(number)
        folder.mkdir()
        Checkout(folder).write(*PARTS)
        process = started(folder)
        killed = end_at_random(process, target, random.Random(number))
        said = process.communicate(timeout=120)[1]
        assert "Traceback" not in said, (number, said)
        files = RunFiles.of(SLUG, "smoke", folder / "runs")
        if killed and target == "runner":
            assert process.returncode == -signal.SIGKILL
        elif killed and process.returncode:
            assert process.returncode == 1
            assert "mmrepro: 1 of 1 chapter(s) failed" in said
        if process.returncode:
            with pytest.raises(MMReproError, match="No complete run"):
                files.read()
        again = started(folder)
        assert again.communicate(timeout=120)[1] == ""
        assert again.returncode == 0
        digests.add(files.read()[1].digest)
    assert len(digests) == 1


@pytest.mark.notebook
@pytest.mark.fault("a kernel that dies as it starts", "told in a sentence; no traceback")
def test_a_kernel_that_dies_as_it_starts(checkout, job, tmp_path, monkeypatch):  # noqa: F811
    spec = tmp_path / "jupyter" / "kernels" / "short-lived" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": ["false"], "display_name": "Short", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    checkout.change(lambda notebook: notebook["metadata"]["kernelspec"].update(name="short-lived"))
    error = perform(job()).error
    assert "mosei-fusion, before the first cell: the kernel died as it started" in str(error)


BUILD = """
import sys
from pathlib import Path
sys.path.insert(0, {project!r})
from mmrepro.book import build
from tests.book.specimen import PAPER
from tests.book.test_build import STUBS
def fetch(cache):
    cache.mkdir(parents=True, exist_ok=True)
    for name in STUBS:
        (cache / name).write_text(name)
    return [cache / name for name in STUBS]
build.fetch_assets = fetch
root = Path({root!r})
build.build_book("cpu", root=root, runs=root / "_build" / "runs", papers=[PAPER], is_stale=lambda made: False)
"""


@pytest.mark.notebook
@pytest.mark.fault(
    "the builder killed at a random moment, as often as is asked for",
    "the old book stays whole; the next build replaces it",
)
def test_a_build_killed_at_any_moment_leaves_a_book(house, stub_assets, pytestconfig):  # noqa: F811
    if pytestconfig.getoption("--times") == 1:
        pytest.skip("each build takes ten seconds and more; run with --times 2 or more")
    house.keep_run(handmade())
    house.commit_record()
    (house.root / "_toc.yml").write_text("format: jb-book\nroot: 01_toy_fusion\n")
    pages = house.root / "_build" / "html"
    pages.mkdir(parents=True)
    (pages / "index.html").write_text("old")
    code = BUILD.format(root=str(house.root), project=str(HERE))
    for number in range(pytestconfig.getoption("--times")):
        process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
        time.sleep(random.Random(number).uniform(0.5, 15))
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        process.wait()
        aside = pages.with_name(".html.old")
        assert (pages if pages.exists() else aside).joinpath("index.html").read_text()
    assert build_book("cpu", root=house.root, runs=house.runs, papers=[PAPER], is_stale=lambda made: False)
    assert "Toy Fusion" in (pages / "01_toy_fusion.html").read_text()
    assert not pages.with_name(".html.old").exists()
