"""A chapter in small gives the same record whatever order its seeds have, and however many processes train.

The threads are part of the settings, for they change last digits; they change no verdict.
"""

import pytest

from mmrepro.execution.job import Job
from mmrepro.execution.runner import run_jobs
from tests.conftest import HERE, SLUG, Checkout

CELL = """\
from mmrepro.training.parallel import workers
from tests.truth.learner import scores

chapter.data("mosei_aligned")
jobs = [(seed, chapter.settings.threads) for seed in chapter.settings.seeds]
with workers({processes}) as each:
    for seed, accuracy, total in each(scores, jobs):
        chapter.measure("accuracy", accuracy, dataset="mosei_aligned", seed=seed)
        chapter.measure("total", {{"all": total}}, dataset="mosei_aligned", seed=seed)"""
SEEDS = list(range(10))
RUNS = {
    "one": (1, {}),
    "two processes": (2, {}),
    "reordered": (1, {"seeds": SEEDS[::-1]}),
    "two threads": (1, {"threads": 2}),
}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Run the chapter each way; the data are a user's file that is never opened."""
    found = {}
    for name, (processes, more) in RUNS.items():
        folder = tmp_path_factory.mktemp("repeat")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MMREPRO_ROOT", str(folder))
            patch.setenv("MMREPRO_OFFLINE", "1")
            patch.setenv("MMREPRO_DATA", str(folder / "data"))
            patch.setenv("PYTHONPATH", str(HERE))
            for variable in ("MMREPRO_RUNS", "MMREPRO_MIRROR"):
                patch.delenv(variable, raising=False)
            (folder / "own.pkl").write_bytes(b"never opened")
            patch.setenv("MMREPRO_MOSEI_ALIGNED", str(folder / "own.pkl"))
            Checkout(folder).write(CELL.format(processes=processes))
            job = Job(SLUG, {"profile": "smoke", "seeds": SEEDS, **more}, folder / "runs")
            (outcome,) = run_jobs([job])
        assert outcome.error is None, outcome.error
        found[name] = outcome.record
    return found


def rows(record):
    return {(row.metric, row.system, row.seed): row.value for row in record.metrics}


@pytest.mark.notebook
class TestARunThatIsRepeated:
    def test_it_decides_something(self, records):
        first = {result.id: result for result in records["one"].claims}["M1"]
        assert first.verdict == "reproduced"
        assert len(set(rows(records["one"]).values())) > len(SEEDS)

    def test_in_two_processes_it_is_the_same_to_the_digit(self, records):
        assert records["two processes"].digest == records["one"].digest

    def test_with_its_seeds_reordered_it_is_the_same_but_for_the_order(self, records):
        one, other = records["one"], records["reordered"]
        assert other.seeds == SEEDS[::-1]
        assert [row.seed for row in other.metrics] != [row.seed for row in one.metrics]
        assert rows(other) == rows(one)
        assert other.claims == one.claims

    def test_with_two_threads_no_verdict_changes(self, records):
        one, other = records["one"], records["two threads"]
        assert (one.settings["threads"], other.settings["threads"]) == (1, 2)
        assert rows(other) == pytest.approx(rows(one), rel=1e-3)
        assert [result.verdict for result in other.claims] == [result.verdict for result in one.claims]
