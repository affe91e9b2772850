"""The set-up cell, executed for real: in a Python of its own, with git as it is and pip that only records."""

import ast
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from mmrepro.book import set_up
from mmrepro.book.launch import set_up_code
from mmrepro.book.repository import Repository

PIP = """
import json, os, sys
with open(os.environ["RECORD"], "a") as record:
    record.write(json.dumps(sys.argv[1:]) + "\\n")
if os.environ.get("FAIL", "none") in " ".join(sys.argv):
    sys.exit("no such package")
if upgrade := os.environ.get("UPGRADE"):
    open(upgrade, "w").write("Metadata-Version: 2.1\\nName: old-friend\\nVersion: 2.0\\n")
"""
LOCK = "ipykernel==7.4.0\nnumpy==2.4.6 ; python_full_version < '3.12'\ntorch==2.15.0\ntornado==6.6.1\n"


class Machine:
    """A fresh Python without the project, and a repository to clone."""

    def __init__(self, folder):
        self.folder, self.site, self.work = folder, folder / "site", folder / "work"
        self.checkout = self.work / set_up.CHECKOUT
        self.record = folder / "record"
        venv.create(folder / "python", symlinks=True)
        self.python = folder / "python" / "bin" / "python"
        self.write(self.site / "pip" / "__init__.py", "")
        self.write(self.site / "pip" / "__main__.py", PIP)
        self.work.mkdir()
        self.origin = self._publish(folder / "source", folder / "origin.git")

    def write(self, path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _publish(self, source, origin):
        self.write(source / "mmrepro" / "__init__.py", "VERSION = 'cloned'")
        self.write(source / "requirements.lock", LOCK)
        self.write(source / "requirements.no-deps.lock", "facenet-pytorch==2.6.0\n")
        git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], cwd=source, check=True)
        for words in (["add", "."], ["commit", "--quiet", "-m", "Start"]):
            subprocess.run([*git, *words], cwd=source, check=True)
        subprocess.run([*git, "clone", "--quiet", "--bare", source, origin], check=True)
        return origin.as_uri()

    def run(self, before="", after="", **variables):
        """Execute the cell and return what it printed and what it raised."""
        cell = set_up_code(Repository(variables.pop("url", self.origin), variables.pop("branch", "main")))
        program = (
            f"{before}\ntry:\n    exec({cell!r})\n"
            f"except SetUpError as error:\n    print('RAISED', error)\n{after}"
        )
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.site),
            "RECORD": str(self.record),
            "HOME": str(self.folder),
            **variables,
        }
        done = subprocess.run(
            [self.python, "-c", program], cwd=self.work, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        printed, _, raised = done.stdout.partition("RAISED ")
        return printed, raised.strip()

    @property
    def pip_calls(self):
        return [json.loads(line) for line in self.record.read_text().splitlines()]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_where_the_package_is_there_nothing_is_run(machine):
    machine.write(machine.site / "mmrepro" / "__init__.py", "")
    printed, raised = machine.run(PATH="/nowhere")
    assert (printed, raised) == ("mmrepro is here; nothing to do.\n", "")
    assert not machine.record.exists()
    assert list(machine.work.iterdir()) == []


def test_what_is_missing_is_cloned_and_installed_in_order(machine):
    printed, raised = machine.run(after="import mmrepro; print(mmrepro.VERSION)")
    assert raised == ""
    first, *steps, told, imported = printed.splitlines()
    checkout = str(machine.checkout)
    assert first == (
        f"mmrepro is not here. This cell clones {machine.origin} into {checkout} and installs the packages "
        f"of its lock files into {machine.folder / 'python'}: about 5 minutes and 9 GB of disk, once."
    )
    assert steps[0] == f"$ git clone --quiet --depth 1 --branch main {machine.origin} {checkout}.part"
    options = ["install", "--quiet", "--no-deps"]
    assert machine.pip_calls == [
        [*options, "--requirement", f"{checkout}/_build/set-up.lock"],
        [*options, "--requirement", f"{checkout}/requirements.no-deps.lock"],
        [*options, "--editable", checkout],
    ]
    assert [
        step.removeprefix(f"$ {machine.python} -m pip ").split() for step in steps[1:]
    ] == machine.pip_calls
    assert (told, imported) == ("All is installed.", "cloned")
    # What the running kernel stands on is left alone.
    assert (machine.checkout / "_build" / "set-up.lock").read_text() == "".join(LOCK.splitlines(True)[1:3])
    assert [path.name for path in machine.work.iterdir()] == [set_up.CHECKOUT]


def test_a_mere_folder_of_that_name_is_not_the_package(machine):
    (machine.work / "mmrepro").mkdir()
    printed, _ = machine.run()
    assert printed.startswith("mmrepro is not here.")


def test_an_old_python_is_told_in_a_sentence(machine):
    printed, raised = machine.run(before="import sys; sys.version_info = (3, 10, 14, 'final', 0)")
    assert raised == "This kernel runs Python 3.10, and mmrepro needs 3.11 or newer; choose a newer kernel."
    assert printed == ""
    assert list(machine.work.iterdir()) == []


def test_an_old_python_can_read_the_cell():
    ast.parse(set_up_code(Repository("https://github.com/some-one/book", "main")), feature_version=(3, 7))


def test_a_full_disk_is_told_before_anything_is_done(machine):
    before = (
        "import shutil, types; shutil.disk_usage = lambda path: types.SimpleNamespace(free=2_100_000_000)"
    )
    printed, raised = machine.run(before=before)
    assert (printed, raised) == ("", "2 GB of disk are free here, and mmrepro needs 9 GB.")
    assert list(machine.work.iterdir()) == []


def test_a_clone_that_fails_leaves_no_checkout_and_the_next_try_works(machine):
    _, raised = machine.run(branch="mian")
    assert raised.startswith("`git clone --quiet --depth 1 --branch mian")
    assert "mian not found" in raised
    assert not machine.checkout.exists()
    assert not machine.record.exists()
    (machine.work / f"{set_up.CHECKOUT}.part").mkdir()
    assert machine.run()[1] == ""


def test_a_pip_that_fails_is_told_and_the_next_try_does_not_clone_again(machine):
    _, raised = machine.run(FAIL="no-deps.lock")
    assert raised.endswith("requirements.no-deps.lock` failed: no such package")
    printed, raised = machine.run()
    assert raised == ""
    assert "git clone" not in printed


def test_without_git_a_sentence_says_so(machine):
    _, raised = machine.run(PATH="/nowhere")
    assert raised == "git is not installed here; install it and run this cell again."


def test_a_kernel_with_older_packages_is_to_be_restarted(machine):
    machine.write(machine.site / "old_friend.py", "")
    metadata = machine.site / "old_friend-1.0.dist-info" / "METADATA"
    machine.write(metadata, "Metadata-Version: 2.1\nName: old-friend\nVersion: 1.0\n")
    machine.write(metadata.with_name("top_level.txt"), "old_friend\n")
    _, raised = machine.run(before="import old_friend", UPGRADE=str(metadata))
    assert raised == (
        "All is installed, but this kernel still has other versions of old-friend; restart it and run the "
        "cells from the top."
    )


def test_a_kernel_shows_the_sentence_alone():
    error = set_up.SetUpError("So it is.")
    assert error._render_traceback_() == ["SetUpError: So it is."]


def test_in_this_environment_the_cell_does_nothing(capsys):
    exec(set_up_code(Repository("https://github.com/some-one/book", "main")), {})
    assert capsys.readouterr().out == "mmrepro is here; nothing to do.\n"


def test_what_the_cell_promises_is_what_the_project_asks_for():
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=" + ".".join(map(str, set_up.OLDEST))
    assert sys.version_info >= set_up.OLDEST
