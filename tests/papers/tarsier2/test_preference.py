import math

import numpy as np
import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.evidence.description import autodq
from mmrepro.papers.tarsier2.captions import clauses
from mmrepro.papers.tarsier2.preference import Pair, dpo_loss, filtered, make_pairs, spoil
from mmrepro.papers.tarsier2.truth import ExactJudge


def pair(recall, precision, rejected="red sinks"):
    return Pair(0, "red rises", rejected, recall, precision, "clip-switching")


def test_a_policy_that_has_not_moved_has_a_loss_of_ln_two():
    before = torch.tensor([-3.0, -40.0])
    for beta in (0.01, 0.1, 5.0):
        loss = dpo_loss(before, before - 7, before, before - 7, beta)
        assert loss.item() == pytest.approx(math.log(2))


def test_the_loss_agrees_with_hand_arithmetic():
    chosen, rejected = torch.tensor([-1.0, -2.0]), torch.tensor([-4.0, -3.0])
    chosen_before, rejected_before = torch.tensor([-2.0, -1.0]), torch.tensor([-3.0, -3.0])
    # Margins: 0.5 * ((1) - (-1)) = 1 and 0.5 * ((-1) - 0) = -0.5.
    expected = (math.log(1 + math.exp(-1)) + math.log(1 + math.exp(0.5))) / 2
    loss = dpo_loss(chosen, rejected, chosen_before, rejected_before, 0.5)
    assert loss.item() == pytest.approx(expected)


def test_the_gradient_lifts_the_chosen_and_lowers_the_rejected_by_as_much():
    chosen = torch.tensor([-1.0], requires_grad=True)
    rejected = torch.tensor([-1.0], requires_grad=True)
    dpo_loss(chosen, rejected, torch.tensor([-1.0]), torch.tensor([-1.0]), 0.2).backward()
    assert chosen.grad.item() == pytest.approx(-0.1)
    assert rejected.grad.item() == pytest.approx(0.1)


@pytest.mark.parametrize("beta", [0.0, -0.1])
def test_a_beta_that_is_not_above_zero_is_refused(beta):
    zero = torch.zeros(1)
    with pytest.raises(MMReproError, match="must be above 0"):
        dpo_loss(zero, zero, zero, zero, beta)


@pytest.mark.parametrize(
    ("recall", "precision", "kept"),
    [(0.3, 0.0, True), (0.1, 0.2, True), (0.1, 0.1, False), (1.0, -0.01, False), (-0.01, 1.0, False)],
)
def test_the_filter_wants_no_loss_and_enough_gain(recall, precision, kept):
    assert pair(recall, precision).passes(0.3) == kept


def test_equal_texts_are_no_preference():
    assert not pair(0.0, 0.0, rejected="red rises").passes(0.0)
    assert pair(0.0, 0.0).passes(0.0)


def test_no_pair_left_is_told_with_the_way_out():
    with pytest.raises(MMReproError, match="0 of 2 pairs pass the filter; lower least_gain"):
        filtered([pair(0, 0), pair(-1, 0)], 0.3)


def test_gains_are_those_of_autodq():
    reference = "red rises then blue grows"
    texts = ["red rises then blue grows"], ["red rises then red sinks"]
    scored = [
        [autodq(ExactJudge(), reference, clauses(reference), text, clauses(text)) for text in side]
        for side in texts
    ]
    made = make_pairs(*texts, *scored, ["down-sampling"])
    assert (made[0].recall_gain, made[0].precision_gain) == (0.5, 0.5)


def test_spoilt_videos_keep_their_shape_and_their_frames(rng):
    videos = torch.arange(40 * 12, dtype=torch.float).view(40, 12, 1)
    spoilt, kinds = spoil(videos, rng)
    assert spoilt.shape == videos.shape
    assert set(kinds) == {"clip-switching", "clip-reversing", "clip-cropping", "down-sampling"}
    assert all(np.isin(one, other).all() for one, other in zip(spoilt.numpy(), videos.numpy(), strict=True))
    assert (spoilt != videos).flatten(1).any(1).float().mean() > 0.9
