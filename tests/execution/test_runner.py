import json
import os
import signal
import threading
import time

import psutil
import pytest

from mmrepro.execution import runner
from mmrepro.execution.job import Job, Outcome
from mmrepro.execution.runner import room_for, run_jobs
from mmrepro.papers.settings import SettingsError
from tests.conftest import SLUG


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


def note(job):
    """Write down which process did the job."""
    with (job.folder / "log").open("a") as log:
        log.write(f"{job.parameters['seeds'][0]} {os.getpid()}\n")
    return Outcome(job, 0.0)


def ran(folder):
    return [tuple(map(int, line.split())) for line in (folder / "log").read_text().splitlines()]


def jobs_in(folder, count):
    return [Job(SLUG, {"profile": "smoke", "seeds": [number]}, folder) for number in range(count)]


def test_processes_do_one_job_after_the_other(tmp_path):
    outcomes = list(run_jobs(jobs_in(tmp_path, 12), 2, work=note))
    assert sorted(outcome.job.parameters["seeds"][0] for outcome in outcomes) == list(range(12))
    done = ran(tmp_path)
    assert sorted(number for number, _ in done) == list(range(12))
    assert len({process for _, process in done}) <= 2
    assert not [process for _, process in done if psutil.pid_exists(process)]


def die_once(job):
    mark = job.folder / "killed"
    if job.parameters["seeds"] == [3] and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return note(job)


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


def test_nothing_is_left_when_the_reader_of_outcomes_stops_early(tmp_path):
    before = threading.active_count()
    outcomes = run_jobs(jobs_in(tmp_path, 4), 1, work=note)
    next(outcomes)
    outcomes.close()
    assert threading.active_count() <= before + 1
    assert not [process for _, process in ran(tmp_path) if psutil.pid_exists(process)]


class TestTheRoomOnThisMachine:
    @pytest.fixture(autouse=True)
    def eight_cores_and_sixteen_gigabytes(self, monkeypatch):
        monkeypatch.setattr(os, "cpu_count", lambda: 8)
        monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 16 * 2**30}))

    @pytest.fixture
    def peak(self, checkout):
        """Write a committed record of which nothing but a stage's peak memory is read."""

        def write(megabytes):
            path = checkout.root / "results" / "cpu" / f"{SLUG}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"stages": [{"peak_mb": 10.0}, {"peak_mb": megabytes}]}))

        return write

    def test_cores_are_shared_out_by_threads(self, peak, tmp_path):
        peak(100.0)
        jobs = [Job(SLUG, {"profile": "smoke", "overrides": {"threads": 3}}, tmp_path)] * 9
        assert room_for(jobs) == 2
        assert room_for([Job(SLUG, {"profile": "smoke"}, tmp_path)] * 9) == 8

    def test_memory_is_shared_out_by_the_committed_peak(self, peak, tmp_path):
        peak(5000.0)
        assert room_for(jobs_in(tmp_path, 9)) == 3

    def test_without_a_record_two_gigabytes_are_assumed(self, checkout, tmp_path):
        assert room_for(jobs_in(tmp_path, 20)) == 8
        assert runner._UNKNOWN_PEAK_MB == 2000

    def test_there_is_always_room_for_one_and_never_for_more_than_there_are(self, peak, tmp_path):
        peak(1e6)
        assert room_for(jobs_in(tmp_path, 3)) == 1
        peak(1.0)
        assert room_for(jobs_in(tmp_path, 3)) == 3
        assert room_for([]) == 1
