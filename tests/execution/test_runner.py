import os
import threading
import time

import psutil
import pytest

from mmrepro.execution.job import Outcome
from mmrepro.execution.runner import run_jobs
from mmrepro.papers.settings import SettingsError

from .small_jobs import die_once, jobs_in, note, ran


@pytest.mark.fault("the process that runs a chapter is killed, twice", "told; the other chapters go on")
@pytest.mark.notebook
def test_a_killed_process_is_told_and_takes_no_other_job_with_it(checkout, job, tmp_path):
    checkout.write(
        "import os, signal\nif profile == 'cpu':\n    os.kill(os.getppid(), signal.SIGKILL)",
        concludes=False,
        opens=False,
    )
    jobs = [job(profile="cpu"), job()]
    told = {outcome.job.parameters["profile"]: str(outcome.error) for outcome in run_jobs(jobs, workers=2)}
    assert "the process that ran it was killed" in told["cpu"]
    assert "wrote no record" in told["smoke"]


def test_a_refused_parameter_stops_every_job_before_any_runs(checkout, job):
    jobs = [job(), job(overrides={"epoch": 1})]
    with pytest.raises(SettingsError, match="has no setting 'epoch'"):
        next(run_jobs(jobs))
    assert not job().files.notebook.exists()


def test_processes_do_one_job_after_the_other(tmp_path):
    outcomes = list(run_jobs(jobs_in(tmp_path, 12), 2, work=note))
    assert sorted(outcome.job.parameters["seeds"][0] for outcome in outcomes) == list(range(12))
    done = ran(tmp_path)
    assert sorted(number for number, _ in done) == list(range(12))
    assert len({process for _, process in done}) <= 2
    assert not [process for _, process in done if psutil.pid_exists(process)]


@pytest.mark.fault("a worker process is killed once", "its job is done again, no other is lost")
def test_a_job_whose_process_was_killed_once_is_done_again(tmp_path):
    outcomes = list(run_jobs(jobs_in(tmp_path, 8), 2, work=die_once))
    assert [outcome.error for outcome in outcomes] == [None] * 8
    assert sorted(number for number, _ in ran(tmp_path)) == list(range(8))


def wait_for_the_other(job):
    """End only when another job has begun."""
    (job.folder / f"begun-{job.parameters['seeds'][0]}").touch()
    while len(list(job.folder.glob("begun-*"))) < 2:
        time.sleep(0.01)
    return Outcome(job, 0.0)


def test_as_many_jobs_run_at_a_time_as_asked_for(tmp_path):
    assert len(list(run_jobs(jobs_in(tmp_path, 2), 2, work=wait_for_the_other))) == 2


def count_peers(job):
    """Say how many jobs are at work, this one included."""
    mark = job.folder / f"at-work-{job.parameters['seeds'][0]}"
    mark.touch()
    time.sleep(0.05)
    peers = len(list(job.folder.glob("at-work-*")))
    mark.unlink()
    return Outcome(job, float(peers))


def test_no_more_jobs_run_at_a_time_than_asked_for(tmp_path):
    outcomes = list(run_jobs(jobs_in(tmp_path, 6), 2, work=count_peers))
    assert max(outcome.seconds for outcome in outcomes) <= 2


def tell_variable(job):
    return Outcome(job, float(os.environ["MMREPRO_TOLD"]))


def test_each_process_has_the_environment_of_its_moment(tmp_path, monkeypatch):
    """Processes come from one that was started with the first of them."""
    for number in (1.0, 2.0):
        monkeypatch.setenv("MMREPRO_TOLD", str(number))
        (outcome,) = run_jobs(jobs_in(tmp_path, 1), work=tell_variable)
        assert outcome.seconds == number


def test_nothing_is_left_when_the_reader_of_outcomes_stops_early(tmp_path):
    before = threading.active_count()
    outcomes = run_jobs(jobs_in(tmp_path, 4), 1, work=note)
    next(outcomes)
    outcomes.close()
    assert threading.active_count() <= before + 1
    assert not [process for _, process in ran(tmp_path) if psutil.pid_exists(process)]
