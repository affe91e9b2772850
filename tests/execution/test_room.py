import json
import os

import psutil
import pytest

from mmrepro.execution import room
from mmrepro.execution.job import Job
from mmrepro.execution.room import memory_mb, room_for
from tests.conftest import SLUG

from .small_jobs import jobs_in


@pytest.fixture(autouse=True)
def eight_cores_and_sixteen_gigabytes(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 16 * 2**30}))
    monkeypatch.setattr(room, "device_class", lambda asked: "cuda" if asked == "cuda" else "cpu")


@pytest.fixture
def peak(checkout):
    """Write a committed record of which nothing but a stage's peak memory is read."""

    def write(*megabytes, slug=SLUG):
        path = checkout.root / "results" / "cpu" / f"{slug}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"stages": [{"peak_mb": each} for each in megabytes]}))

    return write


def test_cores_are_shared_out_by_threads(peak, tmp_path):
    peak(10.0, 100.0)
    assert room_for(jobs_in(tmp_path, 9, overrides={"threads": 3})) == 2
    assert room_for(jobs_in(tmp_path, 9)) == 8


def test_memory_is_shared_out_by_the_committed_peak(peak, tmp_path):
    peak(10.0, 5000.0)
    assert room_for(jobs_in(tmp_path, 9)) == 3


@pytest.mark.parametrize(("workers", "megabytes"), [(1, 700), (2, 2100), (3, 2800)])
def test_worker_processes_count_beside_the_kernel(peak, tmp_path, workers, megabytes):
    peak(700.0, slug="piip")
    job = Job("piip", {"profile": "smoke", "overrides": {"workers": workers}}, tmp_path)
    assert memory_mb(job) == megabytes
    assert room_for([job] * 9) == min(8 // workers, 16384 // megabytes)


@pytest.mark.parametrize("recorded", [False, True])
def test_where_no_stage_was_recorded_two_gigabytes_are_assumed(checkout, peak, tmp_path, recorded):
    if recorded:
        peak()
    assert memory_mb(*jobs_in(tmp_path, 1)) == 2000


@pytest.mark.fault("a damaged committed record", "it stops no run")
@pytest.mark.parametrize("content", ["<<<<<<< ours", "[]", '{"stages": [{}]}', '{"stages": 3}'])
def test_a_damaged_record_stops_no_run(checkout, peak, tmp_path, content):
    peak(5000.0)
    (checkout.root / "results" / "cpu" / f"{SLUG}.json").write_text(content)
    assert memory_mb(*jobs_in(tmp_path, 1)) == 2000


def test_runs_on_a_gpu_take_turns(peak, tmp_path):
    peak(10.0)
    assert room_for([*jobs_in(tmp_path, 3), *jobs_in(tmp_path, 1, device="cuda")]) == 1


def test_there_is_always_room_for_one_and_never_for_more_than_there_are(peak, tmp_path):
    peak(1e6)
    assert room_for(jobs_in(tmp_path, 3)) == 1
    peak(1.0)
    assert room_for(jobs_in(tmp_path, 3)) == 3
    assert room_for([]) == 1
