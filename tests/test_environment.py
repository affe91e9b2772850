import os
import platform
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

from mmrepro import environment


def git(folder, *arguments):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(checkout):
    git(checkout.root, "init", "-q")
    git(checkout.root, "add", ".")
    git(checkout.root, "commit", "-q", "-m", "first")
    return checkout.root


def test_outside_git_there_is_no_commit(checkout, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(checkout.root.parent))
    assert environment.describe_commit() == (None, False)


def test_without_git_there_is_no_commit(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert environment.describe_commit() == (None, False)


def test_the_commit_is_named_and_a_change_of_the_sources_told(repository):
    commit, dirty = environment.describe_commit()
    assert (len(commit), dirty) == (40, False)
    (repository / "requirements.lock").write_text("changed")
    assert environment.describe_commit() == (commit, True)


def test_what_runs_produce_is_no_change_of_the_sources(repository):
    for name in ("results/cpu/a.json", "README.md"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text("before")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "second")
    for name in ("results/cpu/a.json", "README.md"):
        (repository / name).write_text("after")
    (repository / "scratch.txt").write_text("not tracked")
    assert environment.describe_commit()[1] is False


def test_machine_and_versions_are_described():
    found = environment.describe_environment()
    assert found.python == platform.python_version()
    assert found.cores == os.cpu_count()
    assert found.cpu
    assert found.packages["numpy"] == __import__("numpy").__version__


def test_without_proc_the_processor_still_has_a_name(monkeypatch):
    read_text = Path.read_text

    def missing(self, *args, **kwargs):
        if self == Path("/proc/cpuinfo"):
            raise FileNotFoundError
        return read_text(self, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", missing)
    assert environment.describe_environment().cpu


def test_a_gpu_is_named_when_torch_is_loaded_and_has_one(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert environment.describe_environment().device == "cpu"
    cuda = types.SimpleNamespace(is_available=lambda: True, get_device_name=lambda: "A GPU")
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(cuda=cuda))
    assert environment.describe_environment().device == "A GPU"


def test_processes_that_train_together_are_counted(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert re.fullmatch(r"4 x .+", environment.describe_environment().device)
