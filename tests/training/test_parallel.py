import os

import pytest
import torch

from mmrepro import resume
from mmrepro.training.parallel import workers


@pytest.mark.parametrize("count", [1, 2])
def test_results_come_in_the_order_of_the_jobs(count):
    with workers(count) as each:
        assert list(each(abs, [-3, 2, -1])) == [3, 2, 1]


def test_one_process_is_this_one_and_more_are_others():
    with workers(1) as here:
        assert list(here(_whose, [0])) == [os.getpid()]
    with workers(2) as there:
        assert os.getpid() not in there(_whose, [0, 1])


def _whose(_):
    return os.getpid()


@pytest.mark.fault("worker processes of a chapter are killed", "finished jobs are not done again")
@pytest.mark.parametrize("count", [1, 2])
def test_jobs_that_were_finished_before_a_kill_are_not_done_again(count, tmp_path, monkeypatch):
    monkeypatch.setenv(resume.FOLDER_VARIABLE, str(tmp_path / "key"))
    jobs = [(tmp_path / "log", number) for number in range(3)]
    resume.start("key")
    with pytest.raises(ValueError, match="two"), workers(count) as each:
        list(each(_noted, [*jobs[:2], (tmp_path / "log", None)]))
    resume.start("key")
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with workers(count) as each:
        assert list(each(_noted, jobs)) == [0, 10, 20]
    assert sorted((tmp_path / "log").read_text().split()) == ["0", "1", "2"]
    if count > 1:  # the jobs' random states are not this process's
        assert torch.equal(torch.get_rng_state(), before)


def _noted(job):
    log, number = job
    if number is None:
        raise ValueError("no two")
    with log.open("a") as stream:
        stream.write(f"{number}\n")
    torch.rand(number)
    return 10 * number
