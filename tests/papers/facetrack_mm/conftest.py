import pytest

from mmrepro.papers.facetrack_mm.scene import draw_clips
from mmrepro.papers.facetrack_mm.settings import Settings


@pytest.fixture(scope="session")
def clips():
    return draw_clips(24, 9, seed=1)


@pytest.fixture(scope="session")
def settings():
    return Settings(
        seeds=(0, 1), encoder_clips=12, train_clips=12, test_clips=8, encoder_epochs=1, encoded=16, width=16,
        num_heads=2, epochs=1,
    )  # fmt: skip
