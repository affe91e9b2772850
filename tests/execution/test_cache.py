import multiprocessing
import os
import re

import pytest

from mmrepro.evidence.record import seal, write_record
from mmrepro.execution import cache
from mmrepro.execution.cache import DamagedEntryError, Entry, kept_runs
from mmrepro.execution.job import Job
from mmrepro.execution.key import chapter_key
from mmrepro.papers.paper import load_paper
from mmrepro.papers.settings import SettingsError, resolve_settings
from tests.conftest import SLUG
from tests.evidence.factory import content


@pytest.fixture
def job(checkout, tmp_path):
    return lambda **more: Job(SLUG, {"profile": "smoke", **more}, tmp_path / "runs")


def finish(job, **changes):
    """Leave the files of a complete run, with the key of its sources."""
    profile = job.parameters["profile"]
    overrides = job.parameters.get("overrides")
    settings = resolve_settings(load_paper(SLUG), profile, overrides=overrides)
    code = {"commit": None, "dirty": False, "key": chapter_key(SLUG, settings)}
    parts = {"profile": profile, "settings": settings.model_dump(mode="json"), "code": code, "data": []}
    job.files.record.parent.mkdir(parents=True, exist_ok=True)
    write_record(seal(content(claims=[], rows=[], **{**parts, **changes})), job.files.record)
    job.files.notebook.write_text("an executed notebook")
    job.files.complete()


@pytest.fixture
def kept(job):
    """A run in the cache, and nothing of it in the runs."""
    made = job()
    finish(made)
    Entry.of(made).keep(made.files)
    return made


def taken(job):
    job.files.clear()
    job.files.notebook.unlink(missing_ok=True)
    return Entry.of(job).take(job.files)


def test_an_unchanged_run_is_served_byte_for_byte(kept):
    before = [path.read_bytes() for path in cache._files(kept.files)]
    assert taken(kept)
    assert [path.read_bytes() for path in cache._files(kept.files)] == before


def test_what_was_never_run_is_not_served(job):
    assert not taken(job())
    assert not job().files.record.exists()


def test_what_several_processes_trained_together_is_not_served_as_what_one_gives(job, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    finish(job())
    Entry.of(job()).keep(job().files)
    monkeypatch.delenv("WORLD_SIZE")
    assert not taken(job())


def edit_cell(checkout, kind, text):
    def edit(notebook):
        next(cell for cell in notebook["cells"] if cell["cell_type"] == kind)["source"] += text

    checkout.change(edit)


def append(path, text="\n# one more line"):
    path.write_text(path.read_text() + text)


class TestWhatMakesAChapterRunAgain:
    @pytest.fixture
    def kept(self, kept, package, checkout):
        """Kept once more, with the tiny package for the modules that it reaches."""
        checkout.write("from mmrepro import used")
        finish(kept)
        Entry.of(kept).keep(kept.files)
        assert taken(kept)
        return kept

    def test_one_byte_of_code(self, kept, checkout):
        edit_cell(checkout, "code", " ")
        assert not taken(kept)

    @pytest.mark.parametrize("name", ["used.py", "deep/piece.py", "papers/mosei_fusion/paper.yml"])
    def test_one_line_of_what_it_reaches(self, kept, package, name):
        append(package / name)
        assert not taken(kept)

    def test_the_lock_file(self, kept, checkout):
        append(checkout.root / "requirements.lock")
        assert not taken(kept)

    def test_declared_data(self, kept, checkout):
        manifest = checkout.root / "data_manifests" / f"{SLUG}.yml"
        first = re.search(r"sha256: ([0-9a-f]{64})", manifest.read_text())[1]
        manifest.write_text(manifest.read_text().replace(first, first[::-1]))
        assert not taken(kept)

    def test_a_setting_or_a_profile(self, kept, job):
        assert not taken(job(overrides={"epochs": 77}))
        assert not taken(job(profile="cpu"))

    def test_the_device(self, kept, monkeypatch):
        monkeypatch.setattr(cache, "device_class", lambda asked: "cuda")
        assert not taken(kept)

    def test_a_variable_that_chapters_read(self, kept, monkeypatch, tmp_path):
        monkeypatch.setenv("MMREPRO_MIRROR", str(tmp_path))
        assert not taken(kept)

    def test_another_release_of_a_package(self, kept, monkeypatch, tmp_path):
        (tmp_path / "torch-99.dist-info").mkdir()
        monkeypatch.syspath_prepend(tmp_path)
        assert not taken(kept)

    def test_another_committed_record_which_the_pages_show(self, kept, checkout):
        path = checkout.root / "results" / "cpu" / f"{SLUG}.json"
        path.parent.mkdir(parents=True)
        path.write_text("{}")
        assert not taken(kept)

    def test_nothing_else(self, kept, checkout, package, monkeypatch, tmp_path):
        edit_cell(checkout, "markdown", " Other words.")
        checkout.change(lambda notebook: notebook["cells"][-1]["metadata"].update(tags=["hide-input"]))
        append(package / "unused.py")
        append(package / "book" / "page.py")
        monkeypatch.setenv("MMREPRO_RUNS", str(tmp_path / "elsewhere"))
        assert taken(kept)


USED = {"name": "mosei_aligned", "title": "x", "licence": "MIT"}


@pytest.mark.parametrize(
    ("tier", "own_file", "served"),
    [("synthetic", None, True), ("synthetic", b"now it is here", False), ("paper", None, False)],
)
def test_a_sample_serves_only_while_the_data_are_not_there(
    job, monkeypatch, tmp_path, tier, own_file, served
):
    """Data of the user's own are not in the key, and a sample has taken the place of data that are."""
    own = tmp_path / "own.pkl"
    own.write_bytes(own_file or b"never opened")
    variables = {"MMREPRO_MOSEI_ALIGNED": str(own)} if own_file else {}
    with monkeypatch.context() as patch:  # the variable alone would name another entry
        patch.setattr(cache, "_surroundings", lambda slug: {})
        made = job()
        finish(made, data=[{**USED, "sha256": "0" * 64, "tier": tier}])
        Entry.of(made).keep(made.files)
        for name, value in variables.items():
            patch.setenv(name, value)
        assert taken(made) == served


@pytest.mark.parametrize(("tier", "holds"), [("synthetic", True), ("paper", False)])
def test_a_run_elsewhere_holds_while_it_is_whole_and_its_data_are_todays(job, checkout, tier, holds):
    made = job()
    assert not Entry.of(made).caused(made.files)
    finish(made, data=[{**USED, "sha256": "0" * 64, "tier": tier}])
    assert Entry.of(made).caused(made.files) == holds
    assert not Entry.of(job(overrides={"epochs": 77})).caused(made.files)
    made.files.notebook.write_text("another notebook")
    assert not Entry.of(made).caused(made.files)


def test_a_run_of_uncommitted_code_is_not_kept(job):
    made = job()
    key = Entry.of(made).key
    finish(made, code={"commit": "a" * 40, "dirty": True, "key": key})
    Entry.of(made).keep(made.files)
    assert kept_runs() == []


def test_a_run_whose_sources_were_edited_meanwhile_is_not_kept(job, checkout):
    made = job()
    before = Entry.of(made)
    checkout.write("print('edited')")
    finish(made)
    before.keep(made.files)
    assert kept_runs() == []


@pytest.mark.parametrize("missing", ["notebook", "record", "marker"])
def test_a_run_that_is_not_whole_is_not_kept(job, missing):
    made = job()
    finish(made)
    getattr(made.files, missing).unlink()
    Entry.of(made).keep(made.files)
    assert kept_runs() == []


@pytest.mark.fault("a kept run is changed, cut or lost in part", "told, dropped, and run again")
@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
def test_a_damaged_entry_is_told_dropped_and_run_again(kept, number, damage):
    (path,) = [path for path in Entry.of(kept).folder.rglob("*") if path == files_of(kept)[number]]
    if damage == "changed":
        path.write_bytes(path.read_bytes().replace(b"e", b"f", 1))
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:10])
    else:
        path.unlink()
    with pytest.raises(
        DamagedEntryError, match=f"^{SLUG}: the run in the cache was damaged .*runs again"
    ) as told:
        taken(kept)
    assert "\n" not in str(told.value)
    assert not kept.files.marker.exists()
    assert not taken(kept)
    assert kept_runs() == []


def files_of(job):
    entry = Entry.of(job)
    return cache._files(cache.RunFiles.of(entry.slug, entry.profile, entry.folder))


def test_refused_settings_are_refused_here_too(job):
    with pytest.raises(SettingsError, match="did you mean 'epochs'"):
        Entry.of(job(overrides={"epoch": 1}))


@pytest.mark.fault("keeping a run is interrupted", "nothing half is kept")
def test_an_interrupted_store_leaves_nothing_half(job, monkeypatch):
    made = job()
    finish(made)
    entry, written = Entry.of(made), []

    def fail(path, content):
        if written:
            raise KeyboardInterrupt
        written.append(path)

    with monkeypatch.context() as patch:
        patch.setattr(cache, "write_atomic", fail)
        with pytest.raises(KeyboardInterrupt):
            entry.keep(made.files)
    assert not taken(made)
    assert kept_runs() == []
    (draft,) = cache.cache_dir().glob(".draft-*")
    os.utime(draft, (0, 0))
    finish(made)
    entry.keep(made.files)
    assert not draft.exists()
    assert taken(made)


def store_and_take(job, rounds):
    entry = Entry.of(job)
    for _ in range(rounds):
        entry.keep(job.files)
        Entry.of(job).take(Job(job.slug, job.parameters, job.folder / str(os.getpid())).files)


@pytest.mark.fault("two processes keep and take one run at once", "each finds it whole")
def test_two_processes_at_once_leave_a_whole_entry(kept):
    finish(kept)
    context = multiprocessing.get_context("fork")
    both = [context.Process(target=store_and_take, args=(kept, 15)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert len(kept_runs()) == 1
    assert taken(kept)


def test_a_served_run_is_young_again(kept):
    os.utime(Entry.of(kept).folder, (0, 0))
    assert kept_runs()[0].unused_s > 1e9
    assert taken(kept)
    assert kept_runs()[0].unused_s < 60
