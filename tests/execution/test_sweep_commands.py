import importlib.util
import re

import click
import pandas as pd
import pytest
from click.testing import CliRunner

from mmrepro.errors import MMReproError
from mmrepro.evidence.record import write_record
from mmrepro.execution import sweep
from mmrepro.execution.sweep_commands import GridValues, InterruptedSweepError, SweepError
from mmrepro.execution.sweep_commands import sweep as command
from tests.conftest import SLUG
from tests.evidence.factory import claim, metrics, record
from tests.execution.sweep_runs import BROKEN_LR, Runner


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lr=0.1,0.01", ("lr", [0.1, 0.01])),
        ("lr=0.1", ("lr", [0.1])),
        ("hidden=[8,8],[16, 16]", ("hidden", [[8, 8], [16, 16]])),
        ("task=mosi, mosei", ("task", ["mosi", "mosei"])),
        ("max_train=null,40", ("max_train", [None, 40])),
        ("a={b: 1, c: 2},{b: 3}", ("a", [{"b": 1, "c": 2}, {"b": 3}])),
        ('text="a,b",c=d', ("text", ["a,b", "c=d"])),
    ],
)
def test_values_are_read_as_yaml(text, expected):
    assert GridValues().convert(text, None, None) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lr", "names no values to sweep over; write key=a,b"),
        ("lr=", "names no values"),
        ("lr= ", "names no values"),
        ("=1,2", "names no values"),
        ("lr=0.1,,0.2", "value of 'lr' cannot be read"),
        ("lr=0.1],[0.2", "cannot be read"),
    ],
)
def test_what_is_no_list_of_values_is_refused(text, told):
    with pytest.raises(click.BadParameter, match=told):
        GridValues().convert(text, None, None)


@pytest.fixture
def runner(checkout, monkeypatch):
    runner = Runner()
    monkeypatch.setattr(sweep, "run_jobs", runner)
    return runner


def invoke(*arguments):
    return CliRunner().invoke(command, [SLUG, *arguments])


TWO = ("--grid", "lr=0.001,0.002", "--seeds", "0..2")


def results(checkout, name="smoke-lr"):
    return checkout.root / "_build" / "sweeps" / SLUG / name


def test_every_point_is_told_and_its_numbers_are_in_the_table(runner, checkout):
    done = invoke(*TWO)
    assert done.exit_code == 0, done.output
    assert re.findall(r"^\[.*", done.output, re.MULTILINE) == [
        f"[{number}/6] lr={lr} seed={seed}: done in 1.0 s"
        for number, (lr, seed) in enumerate([(lr, seed) for lr in (0.001, 0.002) for seed in range(3)], 1)
    ]
    frame = pd.read_parquet(results(checkout) / "results.parquet")
    assert len(frame) == 6 * 4
    early = frame[(frame["system"] == "early") & (frame["metric"] == "accuracy")]
    assert early["value"].tolist() == pytest.approx([71, 72, 73, 72, 73, 74])


def test_the_summary_shows_the_claims_metrics_that_change(runner):
    text = invoke(*TWO).output
    assert "accuracy: means over seeds" in text
    assert re.search(r"early +0\.001 +72\.00 +\[69\.52, 74\.48\] +3", text)  # 72 ± 4.303 · 1 / √3
    assert re.search(r"^ +0\.002 +73\.00 +\[70\.52, 75\.48\] +3", text, re.MULTILINE)
    assert "The same at all points: accuracy, majority: 50" in text
    assert "balanced accuracy" not in text


def test_other_metrics_are_shown_when_asked_for(runner):
    text = invoke(*TWO, "--metric", "balanced accuracy").output
    assert re.search(r"early +0\.001 +41\.00", text)
    assert "late decision" not in text


def test_nothing_runs_twice(runner):
    invoke(*TWO)
    again = invoke(*TWO)
    assert "6 run(s), 6 done already" in again.output
    assert "[" not in again.output.split("Wrote")[0]
    assert len(runner.jobs) == 6


def test_new_values_go_on_counting(runner):
    invoke(*TWO)
    more = invoke("--grid", "lr=0.001,0.003", "--seeds", "0..2")
    assert "6 run(s), 3 done already" in more.output
    assert re.findall(r"^\[(.*?)\] (.*?):", more.output, re.MULTILINE) == [
        (f"{number}/6", f"lr=0.003 seed={number - 4}") for number in (4, 5, 6)
    ]


def test_a_failed_point_is_told_and_the_others_are_kept(runner, checkout):
    done = invoke("--grid", f"lr=0.001,{BROKEN_LR},0.002", "--seeds", "0")
    assert isinstance(done.exception, SweepError)
    assert done.exception.exit_code == 1
    assert str(done.exception) == "1 of 3 run(s) failed; the table holds the rest."
    assert f"lr={BROKEN_LR} seed=0: failed in 1.0 s" in done.output
    assert f"lr={BROKEN_LR} seed=0: mosei-fusion, cell 3: no luck." in done.output
    assert pd.read_parquet(results(checkout) / "results.parquet")["lr"].unique().tolist() == [0.001, 0.002]


def test_when_all_fail_nothing_is_written(runner, checkout):
    done = invoke("--grid", f"lr={BROKEN_LR}", "--seeds", "0")
    assert str(done.exception) == "1 of 1 run(s) failed; nothing is written."
    assert list(results(checkout).iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--grid", "lr=1", "--grid", "lr=2", "--seeds", "0"], "--grid names 'lr' twice"),
        (["--grid", "lr=0.1"], "Missing option '--seeds'"),
        (["--seeds", "0"], "Missing option '--grid'"),
        (["--grid", "lr=0.1", "--seeds", "3..1"], "is no list of seeds"),
        (["--grid", "lr=0.1", "--seeds", "0", "--jobs", "0"], "--jobs"),
        (["--grid", "lr=", "--seeds", "0"], "names no values"),
    ],
)
def test_a_wrong_command_line_runs_nothing(runner, arguments, told):
    done = invoke(*arguments)
    assert done.exit_code == 2
    assert told in done.output
    assert runner.jobs == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--grid", "lr=0.1,-1"], "lr: input should be greater than 0"),
        (["--grid", "lrr=0.1"], "did you mean 'lr'"),
        (["--grid", "lr=0.1", "--set", "lr=0.1"], "is swept and also set"),
        (["--grid", "seeds=1,2"], "as --seeds 0..9"),
        (["--grid", "profile=cpu"], "as --profile cpu"),
    ],
)
def test_a_wrong_setting_runs_nothing(runner, checkout, arguments, told):
    done = invoke(*arguments, "--seeds", "0")
    assert isinstance(done.exception, MMReproError)
    assert done.exception.exit_code == 2
    assert told in str(done.exception)
    assert runner.jobs == []
    assert not (checkout.root / "_build").exists()


def test_a_metric_that_is_known_not_to_be_measured_is_refused_before_anything_runs(runner, checkout):
    committed = record(claims=[claim()], rows=metrics(metric="balanced accuracy", a=[1, 2]))
    write_record(committed, checkout.root / "results" / "cpu" / f"{SLUG}.json")
    done = invoke(*TWO, "--metric", "balanced accurcy")
    assert done.exception.exit_code == 2
    assert "did you mean 'balanced accuracy'" in str(done.exception)
    assert runner.jobs == []


def test_a_metric_that_nobody_could_know_is_told_after_the_table_is_written(runner, checkout):
    done = invoke(*TWO, "--metric", "acuracy")
    assert done.exception.exit_code == 2
    assert f"{SLUG} measures no 'acuracy': did you mean 'accuracy'" in str(done.exception)
    assert (results(checkout) / "results.parquet").is_file()


def test_without_a_metric_of_the_claims_the_others_are_named(runner, monkeypatch):
    monkeypatch.setattr("mmrepro.execution.sweep_commands._claimed", lambda slug: ["F1"])
    told = str(invoke(*TWO).exception)
    assert told == (
        "No metric of the claims was measured; name others with --metric: accuracy, balanced accuracy."
    )


def test_without_pyarrow_nothing_runs(runner, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyarrow" else find(name))
    done = invoke(*TWO)
    assert done.exception.exit_code == 2
    assert "needs pyarrow: run `python -m pip install 'mmrepro[sweep]'`" in str(done.exception)
    assert runner.jobs == []


def test_a_folder_that_cannot_be_made_is_refused_before_anything_runs(runner, tmp_path):
    (tmp_path / "file").write_text("")
    done = invoke(*TWO, "--output", str(tmp_path / "file" / "out"))
    assert done.exception.exit_code == 2
    assert "cannot be made: Not a directory." in str(done.exception)
    assert runner.jobs == []


def test_results_go_where_they_are_asked_for(runner, tmp_path):
    assert invoke(*TWO, "--output", str(tmp_path / "out")).exit_code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"results.parquet", "figure.html"}


def test_an_interrupted_sweep_says_what_is_kept(runner, monkeypatch):
    def interrupted(jobs, *options):
        yield from Runner()(jobs[:2])
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep, "run_jobs", interrupted)
    done = invoke(*TWO)
    assert isinstance(done.exception, InterruptedSweepError)
    assert "2 of 6 run(s) are done and kept; the same command goes on" in str(done.exception)
    monkeypatch.setattr(sweep, "run_jobs", runner)
    assert "6 run(s), 2 done already" in invoke(*TWO).output


def test_jobs_at_a_time_are_no_matter_of_a_cluster(runner):
    done = invoke(*TWO, "--scheduler", "tcp://head:8786", "--jobs", "2")
    assert done.exit_code == 2
    assert "--jobs is for runs on this machine; leave it out with --scheduler." in done.output
    assert not runner.jobs
