import numpy as np
import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.modeling.captioner import DecoderSettings
from mmrepro.papers.space_operator.eye import Eye
from mmrepro.papers.space_operator.occlusion import GREY, covered, occlusion
from mmrepro.papers.space_operator.policy import Operator
from mmrepro.papers.space_operator.prompt import Telemetry

LINE = Telemetry((0.1, 0.9, -0.2), 800.0, 12.0, True).line()
PICTURE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


class Blind(Eye):
    """Sees the same in every picture."""

    def look(self, pictures):
        return super().look(np.zeros_like(pictures))


class Corner(Eye):
    """Tells how bright the upper left corner is, and nothing else."""

    def look(self, pictures):
        bright = torch.from_numpy(pictures[:, :8, :8].mean((1, 2, 3)) / 25.0).float()
        return torch.sin(bright[:, None, None] + torch.arange(self.width).expand(1, self.tokens, -1))


def operator(eye):
    torch.manual_seed(0)
    return Operator("both", DecoderSettings(width=32, depth=1, num_heads=2), eye(64, 32)).eval()


def test_a_patch_covers_each_place_once():
    pictures, side = covered(PICTURE, 32, 16)
    assert side == 3 and pictures.shape == (9, 64, 64, 3)
    assert (pictures[5, 16:48, 32:64] == GREY).all()
    kept = np.ones((64, 64), bool)
    kept[16:48, 32:64] = False
    assert np.array_equal(pictures[5][kept], PICTURE[kept])


@pytest.mark.parametrize(("patch", "stride"), [(0, 8), (65, 8), (16, 0)])
def test_impossible_patches_are_refused(patch, stride):
    with pytest.raises(MMReproError, match="a patch of 1 to 64 and steps of at least 1"):
        covered(PICTURE, patch, stride)


def test_an_eye_that_ignores_the_picture_gives_zero_everywhere():
    found = occlusion(operator(Blind), PICTURE, LINE)
    assert found.loss.shape == (7, 7) and np.abs(found.loss).max() < 1e-5 and not found.changed.any()


def test_only_what_is_looked_at_matters():
    found = occlusion(operator(Corner), PICTURE, LINE, patch=8, stride=8)
    assert abs(found.loss[0, 0]) > 1e-4
    found.loss[0, 0] = 0
    assert np.abs(found.loss).max() < 1e-5


def test_the_map_lies_where_the_patches_were():
    left, right, bottom, top = occlusion(operator(Blind), PICTURE, LINE, patch=16, stride=8).extent
    cell = (right - left) / 7
    assert (cell, left, top) == (8, right - 7 * 8, left) and right == bottom
    assert left + cell / 2 == (0 + 15) / 2  # the first patch's middle
    assert right - cell / 2 == (48 + 63) / 2


def test_the_loss_is_that_of_the_reply_to_the_whole_picture():
    model = operator(Eye)
    found = occlusion(model, PICTURE, LINE, patch=32, stride=32)
    hidden = PICTURE.copy()
    hidden[32:, :32] = GREY
    one, other = (
        model.log_probability(each[None], [LINE], [found.reply]).item() for each in (PICTURE, hidden)
    )
    assert found.loss[1, 0] == pytest.approx(one - other, abs=1e-5)
    assert [found.reply] == model.reply(PICTURE[None], [LINE])
