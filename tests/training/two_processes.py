"""Train a small network in as many processes as asked for: ``python -m ... NUMBER FILE``.

Batches are of an odd number of examples, and the last of one alone.
"""

import sys
from pathlib import Path

import torch
from accelerate import debug_launcher
from torch import nn

from mmrepro.training.batches import Tensors
from mmrepro.training.loop import TrainingSettings, Validation, fit, make_accelerator


class Net(nn.Module):
    """A small network, a part of which the loss does not hear."""

    def __init__(self):
        super().__init__()
        self.heard = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
        self.silent = nn.Linear(3, 1)

    def forward(self, features):
        return self.heard(features)

    def punished(self, features):
        """Return the squares of what the first layer gives, for a loss that asks more than once."""
        return self.heard[0](features) ** 2


def train(path):
    """Write the history, and the weights of every process."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    features = torch.randn(61, 3)
    data = Tensors(features, features.sum(dim=1))
    model = Net()
    accelerator = make_accelerator("cpu")
    plan = TrainingSettings(epochs=6, lr=0.03, batch_size=15, clip_norm=1.0, warm_up=0.2)
    held_out = Validation(Tensors(features[:20] / 2, features[:20].sum(dim=1) / 2), clean=True)
    history = fit(model, data, loss, plan, seed=0, accelerator=accelerator, validation=held_out)
    found = accelerator.num_processes, history.drop(columns="seconds").to_dict(), model.state_dict()
    torch.save(found, f"{path}.{accelerator.process_index}")


def loss(net, batch):
    missed = net(batch[0]).squeeze(-1) - batch[1]
    return (missed**2).mean() + 0.01 * net.punished(batch[0]).mean()


if __name__ == "__main__":
    count, path = int(sys.argv[1]), Path(sys.argv[2])
    if count == 1:
        train(path)
    else:
        debug_launcher(train, (path,), num_processes=count)
