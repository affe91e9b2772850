import json
import os
import platform

import nbformat
import pytest

from mmrepro.errors import MMReproError
from mmrepro.execution.job import ChapterError, Job, last_cell, run_chapter
from mmrepro.execution.runner import run_jobs
from mmrepro.execution.unfinished import folder_of, forget
from tests.conftest import SLUG, Checkout

# Two systems over five seeds on a file that the user supplies, and a stage.
MEASURED = (
    'chapter.data("mosei_aligned")',
    'with chapter.stage("measure"):\n'
    "    for seed in range(5):\n"
    '        values = {"early": 70 + seed / 3, "late decision": 66 + seed / 7}\n'
    '        chapter.measure("accuracy", values, dataset="mosei_aligned", seed=seed)',
)
FIVE = {"profile": "smoke", "seeds": [0, 1, 2, 3, 4]}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The same chapter run once here and twice at the same time in processes of their own."""
    folder = tmp_path_factory.mktemp("ran")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMREPRO_ROOT", str(folder))
        patch.setenv("MMREPRO_OFFLINE", "1")
        patch.setenv("MMREPRO_DATA", str(folder / "data"))
        patch.delenv("MMREPRO_RUNS", raising=False)
        patch.delenv("MMREPRO_MIRROR", raising=False)
        (folder / "own.pkl").write_bytes(b"never opened")
        patch.setenv("MMREPRO_MOSEI_ALIGNED", str(folder / "own.pkl"))
        Checkout(folder).write(*MEASURED)
        serial = Job(SLUG, FIVE, folder / "serial")
        before = dict(os.environ)
        record = run_chapter(serial)
        assert dict(os.environ) == before  # what runs next in this process is no part of that run
        parallel = [Job(SLUG, FIVE, folder / name) for name in ("one", "two")]
        yield serial, record, list(run_jobs(parallel, workers=2))


@pytest.mark.notebook
class TestAFinishedRun:
    def test_its_record_holds_what_was_measured(self, ran):
        _, record, _ = ran
        assert (record.slug, record.profile, record.seeds) == (SLUG, "smoke", [0, 1, 2, 3, 4])
        assert len(record.metrics) == 10
        assert [use.tier for use in record.data] == ["paper"]
        found = {result.id: result for result in record.claims}["M1"]
        assert (found.n_seeds, found.tier) == (5, "paper")

    def test_it_reads_back_as_complete(self, ran):
        job, record, _ = ran
        notebook, again = job.files.read()
        assert again == record
        assert notebook.metadata.papermill.parameters == FIVE

    def test_every_cell_is_measured(self, ran):
        cells = [cell for cell in ran[0].files.read()[0].cells if cell.cell_type == "code"]
        assert len(cells) == 6  # parameters, injected, open, two, conclude
        for cell in cells:
            assert set(cell.metadata["mmrepro"]) == {"wall_s", "cpu_s", "peak_mb", "gpu_mb"}
        assert max(cell.metadata["mmrepro"]["peak_mb"] for cell in cells) > 20

    def test_the_stage_is_in_the_record(self, ran):
        assert [stage.name for stage in ran[1].stages] == ["measure"]

    def test_jobs_side_by_side_find_the_same_to_the_digit(self, ran):
        _, record, outcomes = ran
        assert [outcome.error for outcome in outcomes] == [None, None]
        assert {outcome.record.digest for outcome in outcomes} == {record.digest}

    def test_each_job_has_a_folder_of_its_own(self, ran):
        for outcome in ran[2]:
            assert outcome.job.files.read()[1] == outcome.record


@pytest.mark.notebook
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators know no such limits")
@pytest.mark.parametrize(("own", "kept"), [(None, True), ("131072", False)])
def test_a_kernel_keeps_the_memory_of_a_step_for_the_next_one(checkout, job, monkeypatch, own, kept):
    if own:  # what the user sets stands
        monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", own)
    checkout.write(
        "import resource\n"
        "def faults():\n    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "for step in range(9):\n"
        "    before = faults()\n"
        "    step = [bytearray(8 << 20) for _ in range(6)]\n"
        "    del step\n"
        'chapter.measure("faults", {"last step": faults() - before}, dataset=None)'
    )
    [found] = run_chapter(job()).metrics
    assert (found.value < 100) == kept  # 48 MB are 12,288 pages


@pytest.mark.notebook
def test_a_failed_cell_is_named_and_the_partial_notebook_kept(checkout, job):
    checkout.write("print('so far')", "numbers = []\nnumbers[3]", opens=False)
    with pytest.raises(
        ChapterError, match=r"IndexError: list index out of range; the partial notebook is"
    ) as told:
        run_chapter(job())
    assert f"{SLUG}, cell " in str(told.value)
    assert "'numbers = []'" in str(told.value)
    partial = nbformat.read(job().files.notebook, as_version=4)
    assert "so far" in json.dumps(partial.cells)
    assert not job().files.record.exists()
    with pytest.raises(MMReproError, match="No complete run"):
        job().files.read()


@pytest.mark.fault(
    "the kernel ends or is killed (as for want of memory) in a cell",
    "told with chapter and cell; the partial notebook is kept",
)
@pytest.mark.notebook
@pytest.mark.parametrize("end", ["os._exit(1)", "os.kill(os.getpid(), 9)"])
def test_a_dead_kernel_is_told_with_the_cell_that_it_died_in(checkout, job, end):
    checkout.write("import os", end, "print('never')", opens=False)
    with pytest.raises(
        ChapterError, match=rf"{SLUG}, cell \d+ \('os\..*: the kernel died, perhaps for want of memory"
    ):
        run_chapter(job())
    assert job().files.notebook.is_file()


PARTS = (
    "import os\nfrom mmrepro.resume import resumable\nfrom mmrepro.project import root",
    "@resumable\n"
    "def part(number):\n"
    "    with (root() / 'log').open('a') as log:\n        log.write(f'{number} ')\n"
    "    if number == 2 and not (root() / 'killed').exists():\n"
    "        (root() / 'killed').touch()\n        os.kill(os.getpid(), 9)\n"
    "    return number / 7",
    "for number in range(4):\n"
    '    chapter.measure("number", {"ours": part(number)}, dataset=None, seed=number)',
)


@pytest.mark.fault(
    "the kernel is killed in the middle of a run", "the next run goes on and finds the same to the digit"
)
@pytest.mark.notebook
def test_a_killed_run_goes_on_with_the_part_that_it_was_at(checkout, job):
    checkout.write(*PARTS)
    with pytest.raises(ChapterError, match="the kernel died"):
        run_chapter(job())
    record = run_chapter(job())
    assert (checkout.root / "log").read_text().split() == ["0", "1", "2", "2", "3"]
    assert record.resumed
    assert not folder_of(job()).exists()
    unbroken = run_chapter(job())
    assert not unbroken.resumed
    assert unbroken.digest == record.digest


@pytest.mark.notebook
def test_a_complete_run_leaves_nothing_though_its_sources_were_edited_meanwhile(checkout, job):
    checkout.write(*PARTS, "(root() / 'requirements.lock').write_text('edited')")
    (checkout.root / "killed").touch()
    before = folder_of(job())
    run_chapter(job())
    assert folder_of(job()) != before
    assert not before.exists()


@pytest.mark.notebook
def test_a_killed_run_of_other_settings_is_not_gone_on_with(checkout, job):
    checkout.write(*PARTS)
    with pytest.raises(ChapterError, match="the kernel died"):
        run_chapter(job())
    assert not run_chapter(job(overrides={"epochs": 1})).resumed
    assert folder_of(job()).is_dir()  # the first one's still waits
    forget(folder_of(job()))
    assert not run_chapter(job()).resumed


@pytest.mark.notebook
def test_a_spent_time_budget_is_told_with_its_setting(checkout, job):
    checkout.write("import time\ntime.sleep(600)", opens=False)
    with pytest.raises(
        ChapterError, match=r"cell \d+ \('import time'\): the time budget is spent .*time_budget_s"
    ):
        run_chapter(job(overrides={"time_budget_s": 3}))


@pytest.mark.notebook
def test_a_chapter_that_concludes_nothing_is_refused_and_its_old_record_gone(checkout, job):
    checkout.write("print('done')", opens=False, concludes=False)
    job().files.record.parent.mkdir(parents=True)
    job().files.record.write_text("of an earlier run")
    with pytest.raises(ChapterError, match=r"wrote no record; it must call chapter.conclude\(\)"):
        run_chapter(job())


@pytest.mark.fault("no kernel of the notebook's name", "told with the command that makes one")
@pytest.mark.notebook
def test_a_missing_kernel_is_told_with_its_remedy(checkout, job):
    checkout.change(lambda notebook: notebook["metadata"]["kernelspec"].update(name="no-such-kernel"))
    with pytest.raises(ChapterError, match=r"no Jupyter kernel .*no-such-kernel.*ipykernel install"):
        run_chapter(job())


@pytest.mark.fault("a chapter without its notebook", "told in a sentence")
def test_a_missing_notebook_is_told(checkout, job):
    checkout.notebook.unlink()
    with pytest.raises(MMReproError, match="has no notebook at"):
        run_chapter(job())


def test_the_last_cell_that_started_is_named(tmp_path):
    path = tmp_path / "partial.ipynb"
    assert last_cell(path) == "before the first cell"
    cells = [nbformat.v4.new_markdown_cell("x")] + [
        nbformat.v4.new_code_cell(f"step_{n}\nmore") for n in range(3)
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert last_cell(path) == "before the first cell"
    for cell in cells[1:3]:
        cell.metadata["papermill"] = {"start_time": "2025-01-31T00:00:00"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert last_cell(path) == "cell 2 ('step_1')"
