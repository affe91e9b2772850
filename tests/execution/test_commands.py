import click
import pytest
from click.testing import CliRunner

from mmrepro.errors import MMReproError
from mmrepro.evidence.record import read_record, seal, write_record
from mmrepro.evidence.sums import refuse_changed
from mmrepro.execution import cache, commands, runner
from mmrepro.execution.commands import Assignment, SeedList, run
from mmrepro.execution.job import ChapterError, Job, Outcome
from mmrepro.execution.key import chapter_key
from mmrepro.execution.unfinished import folder_of
from mmrepro.papers.paper import load_paper, paper_slugs
from mmrepro.papers.settings import SettingsError, resolve_settings
from tests.conftest import SLUG
from tests.evidence.factory import content, metrics, paired


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("3", [3]), ("0,2,5", [0, 2, 5]), ("0..3", [0, 1, 2, 3]), ("4..4", [4]), ("1, 2", [1, 2])],
)
def test_seeds_are_a_list_or_a_range(text, seeds):
    assert SeedList().convert(text, None, None) == seeds


@pytest.mark.parametrize("text", ["", "a", "3..1", "-1", "1,,2", "0..", "0..1..2", "1.5"])
def test_what_is_no_list_of_seeds_is_refused(text):
    with pytest.raises(click.BadParameter, match=r"is no list of seeds; write 0,1,2 or 0\.\.9"):
        SeedList().convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("epochs=3", ("epochs", 3)),
        ("lr=0.01", ("lr", 0.01)),
        ("max_train=", ("max_train", None)),
        ("task=mosi", ("task", "mosi")),
        ("datasets=[a, b]", ("datasets", ["a", "b"])),
        ("text=a=b", ("text", "a=b")),
    ],
)
def test_an_assignment_is_read_as_yaml(text, expected):
    assert Assignment().convert(text, None, None) == expected


def test_a_number_in_scientific_notation_is_a_number():
    """YAML 1.1 reads 1e-3 as text; the setting is a number all the same."""
    asked = dict([Assignment().convert("lr=1e-3", None, None)])
    assert resolve_settings(load_paper(SLUG), "smoke", overrides=asked).lr == 0.001


@pytest.mark.parametrize(
    ("text", "told"), [("epochs", "write key=value"), ("=3", "write key=value"), ("a=[", "cannot be read")]
)
def test_what_is_no_assignment_is_refused(text, told):
    with pytest.raises(click.BadParameter, match=told):
        Assignment().convert(text, None, None)


@pytest.fixture
def finished(checkout):
    """A cpu record as a run of the tiny chapter would leave it, with the key of its sources."""
    settings = resolve_settings(load_paper(SLUG), "cpu")
    code = {"commit": None, "dirty": False, "key": chapter_key(SLUG, settings)}
    return content(settings=settings.model_dump(mode="json"), code=code)


@pytest.fixture
def chapters(monkeypatch):
    """Take the place of the runner: yield the record or error that a test gives, and keep the jobs."""
    seen = []

    def run_jobs(jobs, workers, scheduler):
        for job in jobs:
            seen.append((job, workers))
            given = run_jobs.given
            if isinstance(given, Exception):
                yield Outcome(job, 1.0, error=given)
            else:
                write_record(given, job.files.record)
                yield Outcome(job, 1.0, record=given)

    run_jobs.seen = seen
    monkeypatch.setattr(runner, "run_jobs", run_jobs)
    return run_jobs


def invoke(*arguments):
    return CliRunner().invoke(run, arguments)


def test_what_is_asked_becomes_the_parameters_of_every_job(finished, chapters, tmp_path):
    chapters.given = seal(finished)
    asked = ["--profile", "cpu", "--seeds", "0..2", "--device", "cpu", "--set", "epochs=3", "--set", "lr=0.1"]
    done = invoke(SLUG, *asked, "--jobs", "2", "--output", str(tmp_path / "out"))
    assert done.exit_code == 0, done.output
    ((job, workers),) = chapters.seen
    assert job.parameters == {
        "profile": "cpu",
        "seeds": [0, 1, 2],
        "device": "cpu",
        "overrides": {"epochs": 3, "lr": 0.1},
    }
    assert (job.folder, workers) == (tmp_path / "out", 2)
    assert f"{SLUG}: done in 1.0 s" in done.output


def test_without_a_name_every_chapter_runs_at_smoke(finished, chapters):
    chapters.given = seal(finished)
    assert invoke().exit_code == 0
    seen = [(job.slug, job.parameters) for job, _ in chapters.seen]
    assert seen == [(slug, {"profile": "smoke"}) for slug in paper_slugs()]


def test_a_failed_chapter_is_told_and_the_command_fails(checkout, chapters):
    chapters.given = ChapterError("mosei-fusion, cell 3: no luck.")
    done = invoke(SLUG)
    assert isinstance(done.exception, ChapterError)
    assert done.exception.exit_code == 1
    assert str(done.exception) == "1 of 1 chapter(s) failed: mosei-fusion."
    assert "cell 3: no luck." in done.output


def test_an_unknown_chapter_or_setting_runs_nothing(checkout):
    assert "did you mean 'mosei-fusion'" in str(invoke("mosei-fussion").exception)
    refused = invoke(SLUG, "--set", "epoch=3").exception
    assert isinstance(refused, SettingsError)
    assert "did you mean 'epochs'" in str(refused)


def test_publishing_puts_the_record_into_results(finished, chapters, checkout):
    chapters.given = seal(finished)
    assert invoke(SLUG, "--profile", "cpu", "--publish").exit_code == 0
    assert read_record(checkout.root / "results" / "cpu" / f"{SLUG}.json") == seal(finished)
    refuse_changed(checkout.root / "results")  # its checksum is noted


def test_publishing_brings_the_readme_up_to_date(finished, chapters, checkout):
    from mmrepro.book.scoreboard import readme_is_current

    chapters.given = seal(finished)
    readme = checkout.root / "README.md"
    invoke(SLUG, "--profile", "cpu", "--publish")
    assert readme_is_current(readme)


def test_comparing_needs_a_committed_record(finished, chapters):
    chapters.given = seal(finished)
    done = invoke(SLUG, "--profile", "cpu", "--compare")
    assert isinstance(done.exception, ChapterError)
    assert "no committed record at" in done.output


@pytest.mark.parametrize(("gap", "code"), [(2.0, 0), (-2.0, 1)])
def test_a_run_is_held_to_the_committed_record(finished, chapters, checkout, gap, code):
    write_record(seal(finished), checkout.root / "results" / "cpu" / f"{SLUG}.json")
    rows = metrics(**paired(gap=gap))
    new = content(rows=rows, settings=finished["settings"], code=finished["code"])
    chapters.given = seal(new)
    done = invoke(SLUG, "--profile", "cpu", "--compare")
    assert (done.exit_code != 0) == bool(code)
    assert ("verdict of T1: 'not reproduced', committed 'reproduced'" in done.output) == bool(code)


def test_a_run_that_departs_from_the_committed_record_does_not_replace_it(finished, chapters, checkout):
    path = checkout.root / "results" / "cpu" / f"{SLUG}.json"
    write_record(seal(finished), path)
    chapters.given = seal(content(rows=metrics(**paired(gap=-2.0))))
    assert invoke(SLUG, "--profile", "cpu", "--compare", "--publish").exit_code != 0
    assert read_record(path) == seal(finished)


def test_comparing_and_publishing_makes_the_first_record(finished, chapters, checkout):
    chapters.given = seal(finished)
    assert invoke(SLUG, "--profile", "cpu", "--compare", "--publish").exit_code == 0
    assert read_record(checkout.root / "results" / "cpu" / f"{SLUG}.json") == seal(finished)


def test_only_stale_chapters_run_when_asked(finished, chapters, checkout):
    path = checkout.root / "results" / "cpu" / f"{SLUG}.json"
    chapters.given = seal(finished)
    asked = [SLUG, "--profile", "cpu", "--stale"]
    assert invoke(*asked).exit_code == 0
    assert len(chapters.seen) == 1  # there was no record
    write_record(seal(finished), path)
    assert "Every committed cpu record fits its sources; nothing to run." in invoke(*asked).output
    assert len(chapters.seen) == 1
    path.write_text(path.read_text().replace('"value": ', '"value": 1'))
    assert "was changed after the run" in invoke(*asked).output
    assert len(chapters.seen) == 2  # a record that does not hold is as good as none
    write_record(seal(finished), path)
    checkout.write("print('changed')")
    assert invoke(*asked).exit_code == 0
    assert len(chapters.seen) == 3


@pytest.fixture
def executed(finished, chapters, monkeypatch):
    """Count executions of the tiny chapter, each of which leaves a complete run."""
    chapters.given = seal(finished)
    fake = runner.run_jobs

    def run_jobs(jobs, workers, scheduler):
        for outcome in fake(jobs, workers, scheduler):
            if not outcome.error:
                outcome.job.files.notebook.write_text("{}")
                outcome.job.files.complete()
            yield outcome

    monkeypatch.setattr(runner, "run_jobs", run_jobs)
    # The record of these tests is on data that no manifest knows.
    monkeypatch.setattr(cache, "_is_still_used", lambda slug, use: True)
    return lambda: len(chapters.seen)


CPU = (SLUG, "--profile", "cpu")


def test_an_unchanged_chapter_is_taken_from_the_cache(executed, checkout):
    assert "done in" in invoke(*CPU).output
    again = invoke(*CPU)
    assert again.output == f"{SLUG}: unchanged, taken from the cache\n"
    assert executed() == 1
    checkout.write("print('changed')")
    invoke(*CPU)
    assert executed() == 2


def test_the_book_is_built_from_the_cache_too(executed, tmp_path):
    for _ in range(2):
        commands.execute([SLUG], {"profile": "cpu"}, tmp_path / "runs")
    assert executed() == 1


@pytest.mark.parametrize("option", ["--fresh", "--publish", "--compare"])
def test_what_must_be_executed_is(executed, option):
    invoke(*CPU)
    invoke(*CPU, option)
    assert executed() == 2


@pytest.mark.parametrize(("options", "kept"), [([], True), (["--fresh"], False)])
def test_only_a_fresh_run_forgets_what_a_killed_one_had_finished(executed, options, kept):
    folder = folder_of(Job(SLUG, {"profile": "cpu"}))
    folder.mkdir(parents=True)
    invoke(*CPU, *options)
    assert folder.exists() == kept  # the run itself is of the test's making


def test_a_failed_chapter_is_not_kept(executed, chapters):
    chapters.given = ChapterError("no luck.")
    invoke(*CPU)
    invoke(*CPU)
    assert executed() == 2


def test_a_damaged_entry_is_told_and_the_chapter_runs(executed):
    invoke(*CPU)
    (path,) = cache.cache_dir().glob(f"*/cpu/{SLUG}.ipynb")
    path.write_text("{ }")
    done = invoke(*CPU)
    assert done.exit_code == 0
    assert f"{SLUG}: the run in the cache was damaged" in done.output
    assert executed() == 2
    assert invoke(*CPU).output == f"{SLUG}: unchanged, taken from the cache\n"


def test_the_help_shows_how_to_ask():
    done = invoke("--help")
    assert "mmrepro run mosei-fusion --profile cpu --seeds 0..9" in done.output
    assert commands.EXAMPLES


def test_data_that_only_the_user_has_are_asked_for_before_a_kernel_starts(checkout, tmp_path):
    result = CliRunner().invoke(run, [SLUG, "--profile", "gpu", "--output", str(tmp_path / "runs")])
    assert isinstance(result.exception, MMReproError) and result.exception.exit_code == 2
    assert "This run needs what only you can supply: set MMREPRO_MOSEI_ALIGNED" in str(result.exception)
    assert f"`mmrepro data needs {SLUG}`" in str(result.exception)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("option", ["--publish", "--compare", "--refresh"])
def test_published_and_compared_results_come_from_cold_kernels(checkout, option):
    done = CliRunner().invoke(run, [SLUG, "--warm", option])
    assert done.exit_code == 2
    assert "--warm goes with none of --publish, --compare and --refresh" in " ".join(done.output.split())
