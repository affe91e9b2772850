import math

import numpy as np
import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.modeling.captioner import DecoderSettings
from mmrepro.papers.space_operator.eye import (
    READINGS,
    Eye,
    Reader,
    ReaderSettings,
    drawn_panels,
    reading_errors,
    reading_loss,
    readings,
    teach,
)
from mmrepro.papers.space_operator.picture import Panel
from mmrepro.papers.space_operator.policy import Operator, imitation_loss
from mmrepro.papers.space_operator.teacher import DemonstrationSettings, demonstrate
from mmrepro.training.loop import TrainingSettings, fit, make_accelerator

SIZE = 64
TINY = DecoderSettings(width=32, depth=1, num_heads=2)


@pytest.fixture(scope="module")
def taught():
    return teach(ReaderSettings(1000, SIZE, 32, epochs=8), 0, "cpu")


@pytest.mark.parametrize(("size", "tokens"), [(32, 1), (64, 4), (128, 16)])
def test_an_eye_gives_a_token_a_patch(size, tokens):
    eye = Eye(size, 24)
    assert eye.tokens == tokens
    assert eye(torch.zeros(2, size, size, 3, dtype=torch.uint8)).shape == (2, tokens, 24)


def test_a_token_sees_its_own_patch():
    torch.manual_seed(0)
    eye, grey = Eye(128, 16), np.full((2, 128, 128, 3), 90, np.uint8)
    grey[1, 40:56, 72:88] = 255  # well inside the second row, third column
    one, other = eye.look(grey)
    moved = (one - other).abs().sum(1)
    assert moved.argmax() == 4 * 1 + 2


def test_many_pictures_are_looked_at_in_parts_and_in_order(monkeypatch):
    pictures = np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3), dtype=np.uint8)
    eye = Eye(32, 16)
    whole = eye.look(pictures)
    monkeypatch.setattr("mmrepro.papers.space_operator.eye._AT_ONCE", 3)
    assert torch.allclose(eye.look(pictures), whole, atol=1e-6) and not whole.requires_grad


def test_wrong_sizes_are_refused():
    with pytest.raises(MMReproError, match=r"100 pixels does not divide .* multiple of 32"):
        Eye(100)
    with pytest.raises(MMReproError, match=r"\(32, 32, 3\) were shown .* \(64, 64, 3\).* size=64"):
        Eye(64).look(np.zeros((1, 32, 32, 3), np.uint8))


def test_readings_by_hand():
    up = (0.0, 0.0, -1.0)
    near = Panel((0.6, -0.8, 0.0), (0, 1, 0), up, 3.0, 0.2, 900.0)
    middle = Panel((0.0, 0.6, 0.8), (0, 1, 0), up, math.sqrt(3 * 5000), math.sqrt(0.2 * 150), 900.0)
    far = Panel((0.0, 1.0, 0.0), (0, 1, 0), up, 5000.0, 150.0, 900.0)
    wanted = [(0.6, 0, -1, -1, -1), (0, 0.8, 1, 0, 0), (0, 0, 1, 1, 1)]
    assert readings([near, middle, far]) == pytest.approx(np.array(wanted), abs=1e-6)


def test_drawn_instruments_lie_in_their_ranges_and_follow_the_seed():
    panels = drawn_panels(500, 3)
    assert panels == drawn_panels(500, 3) != drawn_panels(500, 4)
    for each in panels:
        assert math.hypot(*each.prograde) == pytest.approx(1) and math.hypot(*each.up) == pytest.approx(1)
        assert 3 <= each.distance <= 5000 and 0.2 <= each.speed <= 150 and 600 <= each.propellant <= 1200
    assert np.abs(readings(panels)).max() <= 1 + 1e-6
    ahead = np.mean([each.prograde[1] > 0 for each in panels])
    near = np.mean([math.hypot(each.prograde[0], each.prograde[2]) < 0.1 for each in panels])
    assert ahead == pytest.approx(0.7, abs=0.07) and near == pytest.approx(0.5, abs=0.07)


def test_the_loss_is_squared_where_it_is_small():
    class Off(torch.nn.Module):
        def forward(self, wanted):
            return wanted + torch.tensor([0.01, 1.0])

    wanted = torch.zeros(4, 2)
    by_hand = (0.01**2 / 2 / 0.05 + (1.0 - 0.05 / 2)) / 2
    assert reading_loss(Off(), (wanted, wanted)).item() == pytest.approx(by_hand)


def test_a_short_training_reads_better_than_chance(taught):
    torch.manual_seed(0)
    errors, before = reading_errors(taught, 200, 9), reading_errors(Reader(SIZE, 32).eval(), 200, 9)
    assert list(errors.columns) == ["sideways", "behind", "distance", "speed"] and len(errors) == 200
    for column in ("distance", "speed"):  # markers take longer than a test may
        assert errors[column].median() < 0.2 * before[column].median()


def test_reading_errors_are_in_their_units(taught):
    class Known(Reader):
        """Reads a marker and a distance wrong by a known amount, and everything else right."""

        def forward(self, pictures):
            wanted = torch.from_numpy(readings(drawn_panels(len(pictures), 5)))
            off = torch.tensor([0.3, 0.4, 0.0, 2 * math.log(1.5) / math.log(5000 / 3), 0.0])
            return wanted + off

    errors = reading_errors(Known(SIZE, 32), 20, 5)
    assert errors["sideways"].to_numpy() == pytest.approx(0.5, abs=1e-5)
    assert errors["distance"].to_numpy() == pytest.approx(50, abs=1e-3)
    assert errors["speed"].to_numpy() == pytest.approx(0, abs=1e-4) and not errors["behind"].any()


def test_teaching_follows_the_seed():
    plan = ReaderSettings(64, 32, 16, epochs=1)
    first, again, other = (teach(plan, seed, "cpu").eye.place for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert len(READINGS) == 5


def test_training_an_operator_leaves_its_eye_as_it_was(taught):
    decisions = demonstrate(24, 0, DemonstrationSettings(size=SIZE))
    operator = Operator("both", TINY, taught.eye)
    before = {name: each.clone() for name, each in operator.state_dict().items()}
    plan = TrainingSettings(epochs=2, lr=1e-2, batch_size=8)
    examples = operator.examples(decisions)
    fit(operator, examples, imitation_loss, plan, seed=0, accelerator=make_accelerator("cpu"))
    for name, each in operator.state_dict().items():
        assert torch.equal(each.cpu(), before[name]) == name.startswith("eye."), name
