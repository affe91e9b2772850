import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.papers.tarsier2 import captions
from mmrepro.papers.tarsier2.model import VideoDescriber
from mmrepro.papers.tarsier2.renderer import draw_scenes, render
from tests.papers.tarsier2.conftest import TINY


@pytest.fixture
def videos(rng):
    return torch.from_numpy(render(draw_scenes(3, rng)))


@pytest.fixture
def model():
    torch.manual_seed(0)
    return VideoDescriber(TINY)


def test_a_video_becomes_a_token_a_frame(model, videos):
    assert model(videos).shape == (3, 12, TINY.width)
    assert model(videos[:, :5]).shape == (3, 5, TINY.width)


def test_every_weight_learns(model, videos):
    with torch.no_grad():  # timm's residual branches start at zero, which stops their first gradient
        for weight in model.parameters():
            weight += 0.01 * torch.randn_like(weight)
    words = model.words(["red rises", "blue sinks then red grows", "red flashes"], captions.DETAILED)
    model.captioner.loss(model(videos), words).backward()
    idle = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert idle == []


def test_a_frame_is_seen_with_the_one_before_alone(model, videos):
    changed = videos.clone()
    changed[:, 6] = 255 - changed[:, 6]
    moved = (model(videos) - model(changed)).abs().amax(dim=(0, 2)) > 1e-6
    assert moved.nonzero().flatten().tolist() == [6, 7]


def test_more_frames_than_the_model_takes_are_refused(model):
    with pytest.raises(MMReproError, match="has 13 frames and the model takes 12"):
        model(torch.zeros(1, 13, 16, 16, 3, dtype=torch.uint8))


def test_frames_of_another_size_are_refused(model):
    with pytest.raises(MMReproError, match="the model reads"):
        model(torch.zeros(1, 12, 16, 20, 3, dtype=torch.uint8))


def test_samples_repeat_with_their_seed_and_the_likeliest_words_always(model, videos):
    def told(**how):
        return model.tell(videos, captions.DETAILED, max_words=6, **how)

    assert told() == told()
    assert told(temperature=1.0, seed=1) == told(temperature=1.0, seed=1)
    assert told(temperature=1.0, seed=1) != told(temperature=1.0, seed=2)
    assert len(told()) == 3
