import multiprocessing
import re
import time

import pandas as pd
import pytest

from mmrepro.errors import MMReproError
from mmrepro.execution import sweep
from mmrepro.execution.sweep import Sweep
from mmrepro.papers.settings import SettingsError
from tests.conftest import SLUG
from tests.execution.sweep_runs import BROKEN_LR, Runner

GRID = {"lr": [0.001, 0.002], "hidden_size": [8, 16]}


@pytest.fixture
def runner(checkout, monkeypatch):
    runner = Runner()
    monkeypatch.setattr(sweep, "run_jobs", runner)
    return runner


def complete(planned):
    """Run what is missing, and return what failed."""
    planned.take_finished()
    return [str(outcome.error) for _, outcome in planned.run() if outcome.error]


class TestThePoints:
    def test_are_the_product_of_values_and_seeds_in_the_order_given(self, checkout):
        planned = Sweep.of(SLUG, GRID, [3, 1])
        assert [point.label for point in planned.points] == [
            f"lr={lr} hidden_size={size} seed={seed}"
            for lr in ("0.001", "0.002")
            for size in (8, 16)
            for seed in (3, 1)
        ]

    def test_run_one_seed_each_with_their_own_settings(self, checkout):
        planned = Sweep.of(SLUG, {"lr": [0.01]}, [4], "cpu", {"epochs": 2})
        (point,) = planned.points
        assert point.job.parameters == {
            "profile": "cpu",
            "seeds": [4],
            "overrides": {"epochs": 2, "lr": 0.01},
        }

    def test_that_are_the_same_in_two_spellings_are_one(self, checkout):
        planned = Sweep.of(SLUG, {"lr": [0.001, "1e-3", 1e-3], "max_train": [None, 40]}, [0])
        assert [point.label for point in planned.points] == [
            "lr=0.001 max_train=null seed=0",
            "lr=0.001 max_train=40 seed=0",
        ]

    def test_may_take_lists_and_words(self, checkout):
        planned = Sweep.of(SLUG, {"datasets": [["mosi"], []], "task": ["mosei"]}, [0])
        assert [point.label for point in planned.points] == [
            'datasets=["mosi"] task=mosei seed=0',
            "datasets=[] task=mosei seed=0",
        ]

    def test_that_differ_in_nothing_that_a_result_depends_on_share_a_run(self, runner):
        planned = Sweep.of(SLUG, {"time_budget_s": [60, 90]}, [0])
        assert len(planned.points) == 2
        complete(planned)
        assert len(runner.jobs) == 1
        frame = planned.frame()
        assert frame["time_budget_s"].unique().tolist() == [60, 90]

    def test_lie_in_folders_named_by_what_causes_the_run(self, checkout):
        (point,) = Sweep.of(SLUG, {"lr": [0.01]}, [0]).points
        assert point.job.folder == checkout.root / "_build" / "sweeps" / SLUG / "runs" / point.entry.name
        assert point.entry.name.startswith(f"{point.entry.key}-")


@pytest.mark.parametrize(
    ("grid", "more", "told"),
    [
        ({"lrr": [1]}, {}, "has no setting 'lrr': did you mean 'lr'"),
        ({"lr": [0.1, -1]}, {}, r"lr: input should be greater than 0 \(it is -1\)"),
        ({"lr": [0.1, "fast"]}, {}, "lr: input should be a valid number"),
        ({"lr": []}, {}, r"values of 'lr' must be a list with at least one, not \[\]"),
        ({"lr": 0.1}, {}, "values of 'lr' must be a list with at least one, not 0.1"),
        ({"task": "mosi"}, {}, "values of 'task' must be a list"),
        ({}, {}, "needs a setting to sweep over"),
        ({"seeds": [0]}, {}, "cannot take 'seeds' as a setting: name the seeds apart, as --seeds"),
        ({"seed": [0]}, {}, "cannot take 'seed' as a setting: name the seeds apart"),
        ({"profile": ["cpu"]}, {}, "cannot take 'profile' as a setting: name one .* --profile cpu"),
        ({"lr": [0.1]}, {"overrides": {"seeds": [0]}}, "cannot take 'seeds' as a setting"),
        ({"lr": [0.1]}, {"overrides": {"lr": 1}}, "'lr' is swept and also set to one value"),
        ({"lr": [0.1]}, {"overrides": {"epoch": 1}}, "did you mean 'epochs'"),
        ({"lr": [0.1]}, {"seeds": [0, 0]}, "names 0 twice"),
        ({"lr": [0.1]}, {"seeds": []}, "seeds"),
        ({"lr": [0.1]}, {"profile": "cup"}, "did you mean 'cpu'"),
    ],
)
def test_a_grid_that_cannot_be_meant_is_refused_and_nothing_made(checkout, grid, more, told):
    with pytest.raises(SettingsError, match=told) as refused:
        Sweep.of(SLUG, grid, **{"seeds": [0], **more})
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)
    assert not (checkout.root / "_build" / "sweeps").exists()


def test_an_unknown_chapter_is_refused(checkout):
    with pytest.raises(MMReproError, match="did you mean 'mosei-fusion'"):
        Sweep.of("mosei-fussion", {"lr": [1]}, [0])


class TestWhatIsFinished:
    def test_is_not_run_again_by_any_sweep_of_the_chapter(self, runner):
        complete(Sweep.of(SLUG, {"lr": [0.001, 0.002]}, [0, 1]))
        assert len(runner.jobs) == 4
        wider = Sweep.of(SLUG, {"hidden_size": [16], "lr": ["1e-3", 0.003]}, [1, 2])
        assert wider.take_finished() == 1  # smoke has a hidden_size of 16
        complete(wider)
        assert [job.parameters["seeds"] for job in runner.jobs[4:]] == [[2], [1], [2]]
        assert len(wider.frame().groupby(["lr", "seed"])) == 4

    @pytest.mark.parametrize("damage", ["marker", "record", "notebook", "source"])
    def test_runs_again_when_it_is_not_whole_or_no_longer_fits(self, runner, checkout, damage):
        complete(Sweep.of(SLUG, {"lr": [0.001]}, [0]))
        files = runner.jobs[0].files
        if damage == "marker":
            files.marker.unlink()
        elif damage == "source":
            checkout.write("print('edited')")
        else:
            path = getattr(files, damage)
            path.write_text(path.read_text().replace("e", "f", 1))
        complete(Sweep.of(SLUG, {"lr": [0.001]}, [0]))
        assert len(runner.jobs) == 2

    def test_counts_again_after_a_failure_elsewhere(self, runner):
        planned = Sweep.of(SLUG, {"lr": [0.001, BROKEN_LR, 0.002]}, [0])
        assert complete(planned) == ["mosei-fusion, cell 3: no luck."]
        assert planned.frame()["lr"].unique().tolist() == [0.001, 0.002]
        complete(Sweep.of(SLUG, {"lr": [0.001, BROKEN_LR, 0.002]}, [0]))
        assert [job.parameters["overrides"]["lr"] for job in runner.jobs[3:]] == [BROKEN_LR]


def hold(ready, release, ended):
    with Sweep.of(SLUG, {"lr": [0.1]}, [0]).alone():
        ready.set()
        release.wait(30)
        time.sleep(0.3)
        ended.set()


def test_sweeps_of_one_chapter_wait_for_each_other(checkout):
    context = multiprocessing.get_context("fork")
    ready, release, ended = context.Event(), context.Event(), context.Event()
    other = context.Process(target=hold, args=(ready, release, ended))
    other.start()
    assert ready.wait(30)
    told = []

    def waiting():
        told.append("waits")
        release.set()

    with Sweep.of(SLUG, {"lr": [0.2]}, [0]).alone(waiting):
        assert told == ["waits"]
        assert ended.is_set()
    other.join()
    assert other.exitcode == 0


def test_options_of_the_runner_are_passed_on(runner):
    list(Sweep.of(SLUG, {"lr": [0.1]}, [0]).run(3, "tcp://head:8786"))
    assert runner.options == (3, "tcp://head:8786")


def test_the_frame_of_an_unrun_sweep_has_its_columns_and_no_rows(checkout):
    frame = Sweep.of(SLUG, {"lr": [0.1]}, [0]).frame()
    assert frame.empty
    assert isinstance(frame, pd.DataFrame)
    assert {"lr", "seed", "value"} <= set(frame)


def test_results_have_a_folder_by_profile_and_settings(checkout):
    folder = Sweep.of(SLUG, GRID, [0], "cpu").folder
    assert re.search(rf"_build/sweeps/{SLUG}/cpu-lr-hidden_size$", folder.as_posix())
