import json

import numpy as np
import pytest

from mmrepro.papers.tarsier2 import arms, benchmark, sample
from mmrepro.papers.tarsier2.settings import PreferenceSettings, Settings, Stage

TINY = Settings(
    seeds=(0, 1),
    pretraining_videos=32,
    fewer_videos=16,
    tuning_videos=16,
    preference_videos=24,
    test_videos=16,
    width=16,
    num_heads=2,
    stem_width=8,
    map_width=8,
    batch_size=8,
    pretraining=Stage(steps=4, lr=3e-3),
    tuning=Stage(steps=6, lr=3e-3),
    polishing=Stage(steps=2, lr=5e-4),
    preference=PreferenceSettings(steps=2, lr=1e-4, least_gain=0, redraws=1),
)


@pytest.fixture(scope="session")
def runs():
    return arms.run_seeds(TINY)


@pytest.fixture(scope="session")
def dream(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dream")
    sample.write_dream(folder)
    return folder / "dream-1k" / "DREAM-1k.jsonl"


@pytest.fixture(scope="session")
def clips(dream):
    return benchmark.read_clips(dream)


@pytest.fixture
def write_lines(tmp_path, dream):
    """Write the first rows of the benchmark after a change to one of them."""

    def write(change, count=3):
        rows = [json.loads(line) for line in dream.read_text().splitlines()[:count]]
        change(rows)
        path = tmp_path / "changed.jsonl"
        path.write_text("\n".join(json.dumps(row) for row in rows))
        return path

    return write


@pytest.fixture
def rng():
    return np.random.default_rng(0)
