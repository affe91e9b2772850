import os
import time

from mmrepro.execution.unfinished import folder_of, forget, prune
from mmrepro.resume import FOLDER_VARIABLE


def left(job, **parameters):
    """Leave a part of a run."""
    folder = folder_of(job(**parameters))
    folder.mkdir(parents=True)
    (folder / "train-1.part").write_bytes(b"...")
    return folder


def test_each_run_has_a_folder_by_what_causes_it(checkout, job):
    first = folder_of(job())
    assert first == folder_of(job())
    assert first.is_relative_to(checkout.root / "_build")
    assert folder_of(job(seeds=[4])) != first
    checkout.write("print(1)")
    assert folder_of(job()) != first


def test_the_folder_of_another_run_does_not_change_the_name(checkout, job, monkeypatch):
    first = folder_of(job())
    monkeypatch.setenv(FOLDER_VARIABLE, str(first))
    assert folder_of(job()) == first


def test_what_is_forgotten_is_gone_and_nothing_else(checkout, job):
    first, other = left(job), left(job, seeds=[4])
    forget(first)
    assert not first.exists()
    assert other.exists()
    forget(first)  # nothing is there


def test_what_nobody_went_on_with_is_dropped_by_age(checkout, job):
    first, other = left(job), left(job, seeds=[4])
    os.utime(first, (time.time() - 7200,) * 2)
    assert prune(3600) == 1
    assert (first.exists(), other.exists()) == (False, True)
    assert prune(0) == 1
    assert prune(0) == 0
