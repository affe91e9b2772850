import random

import numpy as np
import pytest
import torch

from mmrepro.training.seed import seed_everything


@pytest.fixture(autouse=True)
def restored():
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)


def draw(seed):
    seed_everything(seed)
    return [random.random(), float(np.random.random()), *torch.rand(3).tolist()]


def test_one_seed_gives_one_run():
    assert draw(3) == draw(3)


def test_two_seeds_give_two_runs():
    assert all(one != other for one, other in zip(draw(3), draw(4), strict=True))


def test_what_else_changes_a_result_is_fixed():
    seed_everything(0, threads=2)
    assert torch.get_num_threads() == 2
    assert torch.are_deterministic_algorithms_enabled()
