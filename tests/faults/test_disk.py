"""Disks that are full, folders that cannot be written, clocks that jump, many processes at once."""

import os
import subprocess
import sys
import time

import papermill  # noqa: F401 - before our engine, which it registers
import pytest

from mmrepro.book import build
from mmrepro.book.build import build_book
from mmrepro.data.store import fetch, locate
from mmrepro.errors import MMReproError
from mmrepro.execution.cache import Entry, kept_runs, prune
from mmrepro.execution.engine import MMReproEngine
from mmrepro.execution.job import perform
from tests.book.conftest import house  # noqa: F401
from tests.book.specimen import PAPER
from tests.conftest import SLUG
from tests.data.conftest import mirror, project, server  # noqa: F401
from tests.execution.conftest import job  # noqa: F401
from tests.execution.test_cache import finish, taken

BODY = bytes(range(256)) * 4000  # a megabyte


def command(*arguments, before="", **variables):
    """Run our command with one line of Python run first in its process."""
    code = f"import sys; {before or 'pass'}\nfrom mmrepro.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def told_in_one_line(done, words, code=2):
    assert done.returncode == code, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("mmrepro: ")
    assert words in line


@pytest.fixture
def small(project, mirror):  # noqa: F811
    """A data set of a megabyte in a mirror whose file is not used in place."""
    (mirror / "demo").mkdir()
    (mirror / "demo" / "a").write_bytes(BODY)
    (mirror / "demo" / "b").write_bytes(b"changed")
    file = project.file("a", BODY)
    project.write(x={"files": [file, project.file("b", b"declared")]})
    return project


def left_half(folder):
    """What lies in the cache outside the folders of work in progress."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and ".work" not in path.parts and path.suffix != ".lock"
    ]


@pytest.mark.fault(
    "a limit on the size of files while data are fetched", "one sentence, exit code 2, nothing half"
)
def test_a_file_that_may_not_grow(small):
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"
    done = command("data", "fetch", "demo", before=limit)
    told_in_one_line(done, "Cannot keep demo/x (File too large")
    assert not left_half(small.cache)


@pytest.mark.fault(
    "a disk that is full while data are fetched", "one sentence, exit code 2; with room it is mended"
)
def test_a_full_disk(small, mirror, tmp_path):  # noqa: F811
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], check=False, capture_output=True
    ).returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        done = command("data", "fetch", "demo", MMREPRO_DATA=str(disk / "data"))
        told_in_one_line(done, "Cannot keep demo/x (No space left on device")
        assert not left_half(disk / "data")
        subprocess.run(["mount", "-o", "remount,size=20m", disk], check=True)
        (mirror / "demo" / "b").write_bytes(b"declared")
        again = command("data", "fetch", "demo", MMREPRO_DATA=str(disk / "data"))
        assert again.returncode == 0, again.stderr
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.fault(
    "a file in place of the data folder, the runs, or all that is built", "one sentence, the right exit code"
)
def test_a_file_in_place_of_a_folder(checkout, tmp_path, job):  # noqa: F811
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")
    told_in_one_line(command("data", "fetch", SLUG, MMREPRO_DATA=str(blocked / "data")), "Cannot keep", 2)
    (checkout.root / "_build").write_text("a file")
    told_in_one_line(command("run", SLUG), "Nothing can be written there (Not a directory")
    told_in_one_line(command("cache", "list"), "Nothing can be written there (Not a directory")


@pytest.mark.fault(
    "a chapter's notebook that is cut off, or has no cell for parameters", "told before a kernel starts"
)
def test_a_notebook_that_cannot_take_parameters(checkout, job, monkeypatch):  # noqa: F811
    checkout.change(lambda content: [cell["metadata"].clear() for cell in content["cells"]])
    monkeypatch.setattr(MMReproEngine, "execute_managed_notebook", lambda *_, **__: pytest.fail("a kernel"))
    assert "has no cell tagged 'parameters'" in str(perform(job()).error)
    for content in (checkout.notebook.read_bytes()[:100], b"[]", b"\xff", b"[" * 100_000):
        checkout.notebook.write_bytes(content)
        error = perform(job()).error
        assert "is not a readable notebook; restore it" in str(error)
        assert not job().files.record.exists()


@pytest.mark.fault(
    "the clock jumps a year ahead or back between two runs", "kept runs and data are used as before"
)
@pytest.mark.parametrize("jump", [-366 * 86400, 366 * 86400])
def test_a_clock_that_jumps(job, monkeypatch, jump):  # noqa: F811
    made = job()
    finish(made)
    Entry.of(made).keep(made.files)
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + jump)
    assert taken(made)
    (kept,) = kept_runs()
    assert isinstance(kept.unused_s, float)
    assert not prune(older_than_s=2 * 366 * 86400)
    finish(made)
    Entry.of(made).keep(made.files)
    assert taken(made)


@pytest.mark.fault("data files get another time, as by a copy", "verified anew, and used")
def test_a_time_that_changes_means_verify_again(small, mirror):  # noqa: F811
    (mirror / "demo" / "b").write_bytes(b"declared")
    fetch("demo", "x")
    os.utime(mirror / "demo" / "a", (0, 0))
    assert locate("demo", "x") is None
    assert fetch("demo", "x").source == "mirror"


FETCH = "import sys; from mmrepro.data.store import fetch; print(fetch('demo', 'x').source)"


@pytest.mark.loopback
@pytest.mark.fault("eight processes fetch one data set at once", "asked for once; all eight have it whole")
def test_eight_processes_fetch_once(project, server):  # noqa: F811
    server.content["/a"] = BODY
    project.write(x={"files": [project.file("a", BODY, {"url": f"{server.url}/a"})]})
    started = [
        subprocess.Popen([sys.executable, "-c", FETCH], stdout=subprocess.PIPE, text=True) for _ in range(8)
    ]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in started)
    assert said == ["cache"] * 7 + ["url"]
    assert server.paths() == ["/a"]
    assert fetch("demo", "x").path("a").read_bytes() == BODY


WRITE = """
import sys
from pathlib import Path
from mmrepro.files import write_atomic
for turn in range(40):
    write_atomic(Path(sys.argv[1]), sys.argv[2] * 20_000)
"""


@pytest.mark.fault(
    "eight processes write one file of results, some killed", "a reader never sees a mixture; no rest"
)
def test_eight_processes_write_one_result(tmp_path):
    target = tmp_path / "results" / "a.json"
    started = [subprocess.Popen([sys.executable, "-c", WRITE, str(target), letter]) for letter in "abcdefgh"]
    seen = set()
    while any(process.poll() is None for process in started):
        if target.exists():
            text = target.read_text()
            assert len(text) == 20_000
            assert len(set(text)) == 1
            seen.add(text[0])
            if len(seen) == 3:
                started[0].kill()
        time.sleep(0.01)
    assert seen
    # One that is killed can leave its own unfinished file, which is hidden and which nobody reads.
    assert [path.name for path in target.parent.iterdir() if not path.name.startswith(".")] == ["a.json"]


@pytest.mark.fault(
    "a build killed between setting the old book aside and putting the new in place",
    "the next brings it back",
)
def test_a_book_that_was_set_aside_comes_back(house, monkeypatch):  # noqa: F811
    pages = house.root / "_build" / "html"
    pages.mkdir(parents=True)
    (pages / "index.html").write_text("old")
    new = house.root / "_build" / "new"  # it is not there: the second step fails, as if killed before it
    with pytest.raises(FileNotFoundError):
        build._put_in_place(new, pages)
    assert not pages.exists()
    with pytest.raises(MMReproError):  # there is no run, so nothing is built
        build_book("cpu", root=house.root, runs=house.runs, papers=[PAPER], is_stale=lambda made: False)
    assert (pages / "index.html").read_text() == "old"
