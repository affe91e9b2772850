"""Training in several processes gives what one gives."""

import pytest
import torch

from tests.processes import trained

PROGRAM = "tests.training.two_processes"


@pytest.mark.loopback
def test_two_processes_follow_the_loss_curve_of_one(tmp_path):
    """Batches are shared out, so the processes together take the very steps that one would take."""
    ((_, *alone),) = trained(PROGRAM, 1, tmp_path / "alone", "share")
    others = trained(PROGRAM, 2, tmp_path / "both", "share")
    assert [count for count, *_ in others] == [2, 2]
    for _, *found in others:
        assert_same(found, alone)


@pytest.mark.loopback
def test_so_do_more_processes_than_a_batch_has_examples(tmp_path):
    """A chapter that steps on single examples must not fail where there are several GPUs."""
    ((_, *alone),) = trained(PROGRAM, 1, tmp_path / "alone", "few")
    for _, *found in trained(PROGRAM, 3, tmp_path / "three", "few"):
        assert_same(found, alone)


@pytest.mark.loopback
def test_so_they_do_where_the_loss_is_no_mean_over_examples(tmp_path):
    """It counts what examples have more or fewer of, contrasts them, and draws numbers for each of them."""
    ((_, *alone),) = trained(PROGRAM, 1, tmp_path / "alone", "see")
    for count in (2, 3):
        for _, *found in trained(PROGRAM, count, tmp_path / f"{count}", "see"):
            assert_same(found, alone)
            for row, expected in zip(found[2], alone[2], strict=True):
                assert row == pytest.approx(expected, rel=1e-4, abs=1e-6)


def assert_same(found, alone):
    history, weights, _ = found
    expected, weights_alone, _ = alone
    for column in ("loss", "validation_loss"):
        assert list(history[column].values()) == pytest.approx(list(expected[column].values()), rel=1e-5)
    for name, value in weights_alone.items():
        torch.testing.assert_close(weights[name], value, rtol=1e-4, atol=1e-6)


@pytest.mark.loopback
def test_processes_agree_on_when_to_stop_and_on_what_they_have(tmp_path):
    """Else one would stop early, and the other wait for it for ever."""
    (_, history, weights, _), (_, other, same, _) = trained(PROGRAM, 2, tmp_path / "both", "disagree")
    assert history == other
    assert len(history["loss"]) == 9  # the first process, which gets better and better, is heard
    for name, value in weights.items():
        assert torch.equal(same[name], value), name
