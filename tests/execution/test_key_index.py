import os
import shutil

import pytest

from mmrepro.evidence.record import seal
from mmrepro.execution import key_index
from mmrepro.papers.paper import load_paper
from mmrepro.papers.settings import resolve_settings
from tests.conftest import SLUG
from tests.evidence.factory import content

SETTLED_NS = 10**10


@pytest.fixture
def computed(monkeypatch):
    """The keys that were computed, in order; whatever is asked for besides was looked up."""
    made = []
    real = key_index.chapter_key

    def chapter_key(slug, settings):
        made.append(real(slug, settings))
        return made[-1]

    monkeypatch.setattr(key_index, "chapter_key", chapter_key)
    return made


@pytest.fixture
def settled(monkeypatch):
    """Files that were written long ago, as far as a clock can tell."""
    real = key_index.time.time_ns
    monkeypatch.setattr(key_index.time, "time_ns", lambda: real() + SETTLED_NS)


@pytest.fixture
def key_now(checkout, package):
    checkout.write("from mmrepro import used")
    settings = resolve_settings(load_paper(SLUG), "smoke")
    return lambda **changes: key_index.known_key(SLUG, settings.model_copy(update=changes))


def kept_files():
    return [path for path in key_index._index().rglob("*") if path.is_file()]


def test_a_key_is_computed_once(key_now, computed, settled):
    assert key_now() == key_now() == computed[0]
    assert len(computed) == 1


def test_each_settings_have_their_own(key_now, computed, settled):
    assert key_now() != key_now(epochs=99)
    key_now()
    key_now(epochs=99)
    assert len(computed) == 2


def replaced(path):
    """Write the same number of other bytes, and set the time of the old ones."""
    before = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"#")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    "place",
    ["package:used.py", "package:papers/mosei_fusion/paper.yml", "root:requirements.lock", "root:notebook"],
)
def test_a_touched_source_has_its_key_computed_anew(
    key_now, computed, settled, checkout, package, place, tmp_path
):
    before = key_now()
    base, _, name = place.partition(":")
    if name == "notebook":
        checkout.change(lambda nb: nb["cells"].pop())
    elif base == "package":
        replaced(package / name)
    else:
        lock = checkout.root / name
        content = lock.read_bytes()
        lock.unlink()
        lock.write_bytes(content + b"\n")
    assert key_now() != before
    assert len(computed) == 2


def test_a_new_module_and_a_removed_one_are_seen(key_now, computed, settled, package):
    before = key_now()
    (package / "papers" / "mosei_fusion" / "more.py").write_text("")
    assert key_now() != before
    (package / "papers" / "mosei_fusion" / "more.py").unlink()
    assert key_now() == before


def test_sources_written_a_moment_ago_are_not_trusted(key_now, computed):
    key_now()
    key_now()
    assert len(computed) == 2
    assert not kept_files()


def test_keys_of_other_sources_are_dropped(key_now, settled, package):
    key_now()
    replaced(package / "used.py")
    key_now()
    assert len(kept_files()) == 1


@pytest.mark.parametrize("content", [b"", b"a" * 63, b"a" * 64 + b"\n", b"../../other", b"\x00\xff\xfe"])
def test_what_is_no_key_is_computed_again(key_now, computed, settled, content):
    before = key_now()
    kept_files()[0].write_bytes(content)
    assert key_now() == before
    assert len(computed) == 2


def test_a_folder_that_takes_no_file_is_no_hindrance(key_now, computed, settled):
    key_index._index().parent.mkdir(parents=True, exist_ok=True)
    key_index._index().write_text("a file in its place")
    assert key_now() == key_now()
    assert len(computed) == 2


def test_two_folders_of_one_project_are_told_apart(
    key_now, computed, settled, checkout, tmp_path, monkeypatch
):
    key_now()
    copy = tmp_path / "copy"
    shutil.copytree(checkout.root, copy, symlinks=True)
    monkeypatch.setenv("MMREPRO_ROOT", str(copy))
    key_now()
    assert len(computed) == 2


@pytest.fixture
def committed(checkout):
    settings = resolve_settings(load_paper(SLUG), "cpu")
    code = {"commit": None, "dirty": False, "key": key_index.chapter_key(SLUG, settings)}
    return content(settings=settings.model_dump(mode="json"), code=code)


def test_a_record_is_stale_once_the_sources_change(checkout, committed):
    assert not key_index.is_stale(seal(committed))
    checkout.write("print(1)")
    assert key_index.is_stale(seal(committed))


def test_a_record_keeps_its_own_settings(checkout, committed):
    settings = resolve_settings(load_paper(SLUG), "cpu", seeds=[5])
    code = {**committed["code"], "key": key_index.chapter_key(SLUG, settings)}
    made = seal({**committed, "settings": settings.model_dump(mode="json"), "code": code})
    assert not key_index.is_stale(made)


def test_a_record_of_settings_that_are_no_longer_valid_is_stale(checkout, committed):
    assert key_index.is_stale(seal({**committed, "settings": {**committed["settings"], "epochs": "many"}}))


def test_a_setting_that_is_gone_leaves_a_record_stale_or_fresh_by_its_key(checkout, committed):
    more = {**committed["settings"], "removed_setting": 1}
    assert not key_index.is_stale(seal({**committed, "settings": more}))
