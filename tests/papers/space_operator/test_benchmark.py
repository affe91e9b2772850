"""The benchmark's contenders fly the same burn."""

import importlib.util
from functools import partial

import numpy as np
import pytest

from mmrepro.project import root


@pytest.fixture
def bench():
    spec = importlib.util.spec_from_file_location("flight", root() / "benchmarks/flight.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_contenders_end_at_the_same_place(bench):
    ends = [
        fly(120, 0.25)
        for fly in (
            partial(bench.flown, bench.runge_kutta),
            partial(bench.flown, bench.adaptive),
            bench.environment,
            bench.core,
        )
    ]
    for end in ends[1:]:
        assert np.linalg.norm(end[:3] - ends[0][:3]) < 0.01  # m, after a burn of 30 s


def test_frames_are_timed(bench):
    assert 0 < bench.frame_ms(1) < 1000
