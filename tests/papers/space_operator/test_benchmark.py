"""The benchmark's contenders fly the same burn."""

from functools import partial

import flight as bench
import numpy as np


def test_all_contenders_end_at_the_same_place():
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


def test_frames_are_timed():
    assert 0 < bench.frame_ms(1) < 1000
