import os

import pytest

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
