import os
import signal
import sys
import time

import pytest
from click.testing import CliRunner
from distributed import LocalCluster

from mmrepro.execution import cluster
from mmrepro.execution.cluster import ClusterError, on_worker, run_on_cluster
from mmrepro.execution.commands import run
from mmrepro.execution.job import ChapterError, Job, Outcome, perform
from mmrepro.execution.runner import run_jobs
from mmrepro.papers.settings import SettingsError
from tests.conftest import SLUG

from .small_jobs import die_once, jobs_in, note, ran

pytestmark = pytest.mark.loopback


@pytest.fixture(scope="module")
def address():
    """A scheduler and two workers of one thread each, started in the tests' own checkout of variables."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1") as started:
        yield started.scheduler_address


@pytest.fixture
def no_records(monkeypatch):
    """Take what a worker tells as it is: these jobs write no notebook."""
    monkeypatch.setattr(cluster, "_outcome", lambda future, job: future.result())


def test_jobs_are_spread_over_the_workers_and_each_is_done_once(address, tmp_path, no_records):
    jobs = jobs_in(tmp_path, 8)
    outcomes = list(run_on_cluster(jobs, address, note))
    assert sorted(outcome.job.parameters["seeds"][0] for outcome in outcomes) == list(range(8))
    done = ran(tmp_path)
    assert sorted(number for number, _ in done) == list(range(8))
    assert len({process for _, process in done}) == 2


@pytest.mark.fault("a worker of a cluster is killed", "no job is lost")
def test_a_killed_worker_loses_no_job(address, tmp_path, no_records):
    jobs = jobs_in(tmp_path, 100)
    outcomes = list(run_on_cluster(jobs, address, die_once))
    assert (tmp_path / "killed").exists()
    assert sorted(outcome.job.parameters["seeds"][0] for outcome in outcomes) == list(range(100))
    assert [outcome.error for outcome in outcomes] == [None] * 100
    assert {number for number, _ in ran(tmp_path)} == set(range(100))


def always_die(job):
    if job.parameters["seeds"] == [1]:
        time.sleep(1)  # as a chapter would; Dask gives up a worker that dies before its start is told
        os.kill(os.getpid(), signal.SIGKILL)
    return note(job)


def test_a_job_that_kills_every_worker_is_given_up_and_the_others_are_done(address, tmp_path, monkeypatch):
    monkeypatch.setattr(Job, "files", _Files())
    jobs = jobs_in(tmp_path, 4)
    told = {o.job.parameters["seeds"][0]: o.error for o in run_on_cluster(jobs, address, always_die)}
    assert isinstance(told[1], ChapterError)
    assert "the cluster gave it up" in str(told[1])
    assert [told[number] for number in (0, 2, 3)] == [None] * 3


class _Files:
    """Files of a run whose record is there at once, on this side of the cluster."""

    def clear(self):
        pass

    def read(self):
        return None, None


def fail(job):
    raise ZeroDivisionError("by zero")


def fail_without_a_word(job):
    raise AssertionError


@pytest.mark.parametrize(("work", "told"), [(fail, "by zero"), (fail_without_a_word, "AssertionError")])
def test_what_breaks_on_a_worker_is_told_in_a_sentence(address, tmp_path, work, told):
    (outcome,) = run_on_cluster(jobs_in(tmp_path, 1), address, work)
    assert str(outcome.error) == f"{SLUG}: the cluster gave it up: {told}."


def test_a_record_that_the_worker_left_elsewhere_is_missed(address, tmp_path):
    tmp_path.joinpath("log").touch()
    (outcome,) = run_on_cluster(jobs_in(tmp_path, 1), address, note)
    assert f"Does the worker see the folder {tmp_path}?" in str(outcome.error)


@pytest.mark.notebook
def test_a_chapter_gives_the_record_that_it_gives_here(checkout, tmp_path, monkeypatch):
    for name in ("MMREPRO_RUNS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # set by the run; put back afterwards
    checkout.write("import random\nprint(random.Random(0).random())")
    (here,) = run_jobs([Job(SLUG, {"profile": "smoke"}, tmp_path / "here")])
    there_job = Job(SLUG, {"profile": "smoke"}, tmp_path / "there")
    with LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=":0", host="127.0.0.1") as own:
        (there,) = run_jobs([there_job], scheduler=own.scheduler_address)
    assert (here.error, there.error) == (None, None)
    assert there.record.digest == here.record.digest
    assert there_job.files.read()[1] == there.record


@pytest.mark.notebook
def test_a_job_that_was_done_before_its_worker_was_lost_is_not_done_again(checkout, tmp_path, monkeypatch):
    for name in ("MMREPRO_RUNS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    done = Job(SLUG, {"profile": "smoke"}, tmp_path / "runs")
    assert on_worker(done, perform).error is None
    assert on_worker(done, fail) == Outcome(done, 0.0)


def test_a_refused_parameter_stops_every_job_before_any_is_sent(tmp_path):
    with pytest.raises(SettingsError, match="no setting 'epoch'"):
        next(run_jobs(jobs_in(tmp_path, 1, overrides={"epoch": 1}), scheduler="tcp://127.0.0.1:9"))


def test_cuda_without_a_worker_that_offers_a_gpu_is_refused(address, tmp_path):
    with pytest.raises(
        ClusterError, match=r"mosei-fusion needs a worker with GPU=1, .*--resources \"GPU=1\""
    ):
        next(run_on_cluster(jobs_in(tmp_path, 1, device="cuda"), address, note))


class _Client:
    """A scheduler whose workers offer resources."""

    def __init__(self, *offers):
        self.offers = offers

    def scheduler_info(self, n_workers):
        return {"workers": {number: {"resources": each} for number, each in enumerate(self.offers)}}


def test_memory_is_asked_for_where_workers_say_what_they_have(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "memory_mb", lambda job: 1000.0)
    (job,) = jobs_in(tmp_path, 1, device="cuda")
    assert cluster._needs(_Client({"GPU": 2.0}), [job]) == [{"GPU": 1.0}]
    offered = _Client({"MEMORY": 8e9}, {"GPU": 1.0, "MEMORY": 2e9})
    assert cluster._needs(offered, [job]) == [{"GPU": 1.0, "MEMORY": 1000 * 2**20}]
    with pytest.raises(ClusterError, match=r"needs a worker with GPU=1 MEMORY=1\.04858e\+09"):
        cluster._needs(_Client({"MEMORY": 8e9}, {"GPU": 1.0, "MEMORY": 1e9}), [job])


def test_workers_may_come_later(tmp_path):
    assert cluster._needs(_Client(), jobs_in(tmp_path, 1)) == [{}]


@pytest.mark.fault("a scheduler that does not answer", "told in a sentence")
@pytest.mark.parametrize("wrong", ["tcp://127.0.0.1:9", "head", "nonsense://x:1"])
def test_a_scheduler_that_does_not_answer_is_told(wrong, monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT_S", 1)
    done = CliRunner().invoke(run, [SLUG, "--scheduler", wrong])
    assert isinstance(done.exception, ClusterError)
    assert done.exception.exit_code == 2
    assert f"No Dask scheduler answers at {wrong!r}" in str(done.exception)


def test_without_dask_the_command_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"needs Dask; install it with `pip install 'mmrepro\[cluster\]'`"):
        cluster._connect("tcp://127.0.0.1:8786")


@pytest.mark.parametrize(("option", "value"), [("--jobs", ["2"]), ("--warm", [])])
def test_options_that_would_do_nothing_on_a_cluster_are_refused(option, value):
    done = CliRunner().invoke(run, [SLUG, "--scheduler", "tcp://head:8786", option, *value])
    assert done.exit_code == 2
    assert f"{option} is for runs on this machine; leave it out with --scheduler." in done.output
