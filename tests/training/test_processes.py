"""Training in several processes gives what one gives."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from mmrepro.errors import MMReproError
from mmrepro.training.batches import Tensors
from mmrepro.training.loop import TrainingSettings, fit
from tests.conftest import HERE


@pytest.mark.loopback
def test_two_processes_follow_the_loss_curve_of_one(tmp_path):
    """Batches are shared out, so the processes together take the very steps that one would take."""
    found = []
    for count in (1, 2):
        command = [
            sys.executable,
            "-m",
            "tests.training.two_processes",
            str(count),
            str(tmp_path / str(count)),
        ]
        done = subprocess.run(command, cwd=HERE, check=False, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        found += [torch.load(tmp_path / f"{count}.{process}") for process in range(count)]
    assert [count for count, _, _ in found] == [1, 2, 2]
    (_, alone, weights_alone), *others = found
    for _, history, weights in others:
        for column in ("loss", "validation_loss"):
            assert list(history[column].values()) == pytest.approx(list(alone[column].values()), rel=1e-5)
        for name, value in weights_alone.items():
            torch.testing.assert_close(weights[name], value, rtol=1e-4, atol=1e-6)


def test_batches_that_cannot_be_shared_out_are_refused():
    class Three:
        num_processes = 3

    data = Tensors(torch.zeros(64, 3), torch.zeros(64))
    plan = TrainingSettings(epochs=1, batch_size=2)
    with pytest.raises(MMReproError, match="batch_size 2 cannot be shared out to 3 processes"):
        fit(nn.Linear(3, 1), data, lambda net, batch: net(batch[0]).sum(), plan, seed=0, accelerator=Three())
