"""Train a small network in as many processes as asked for: ``python -m ... WHAT NUMBER FILE``."""

import sys
from itertools import count

import torch
from torch import nn
from torch.nn import functional

from mmrepro.training.batches import Tensors
from mmrepro.training.checkpoint import Watch
from mmrepro.training.loop import TrainingSettings, Validation, fit, make_accelerator
from mmrepro.training.share import batch_mean, drawn, whole_batch
from tests.processes import launch


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


def share(path):
    """Batches are of an odd number of examples, and the last of one alone."""
    torch.manual_seed(0)
    features = torch.randn(61, 3)
    data = Tensors(features, features.sum(dim=1))
    plan = TrainingSettings(epochs=6, lr=0.03, batch_size=15, clip_norm=1.0, warm_up=0.2)
    held_out = Validation(Tensors(features[:20] / 2, features[:20].sum(dim=1) / 2), clean=True)
    keep(path, Net(), data, plan, loss, held_out)


def few(path):
    """A batch is a single example."""
    torch.manual_seed(0)
    features = torch.randn(7, 3)
    data = Tensors(features, features.sum(dim=1))
    plan = TrainingSettings(epochs=2, lr=0.03, batch_size=1)
    keep(path, Net(), data, plan, loss, Validation(data, clean=True))


class Seen(Watch):
    """A mean over counted parts, noise on some examples, and examples that are told from each other."""

    def __call__(self, net, batch):
        features, wanted = batch
        missed = net(features + self.noise(features)).squeeze(-1) - wanted
        counted = wanted > 0  # some shares have none
        found = batch_mean((missed**2 * counted).sum() / counted.sum().clamp_min(1), counted.sum())
        codes = whole_batch(net.heard[0](features))
        told = functional.cross_entropy(codes @ codes.T, torch.arange(len(codes)))
        self.note(counted=found, missed=missed.abs().mean(), examples=float(len(codes)))
        return found + 0.1 * told

    def noise(self, features):
        asked = features[:, 0] > 0
        found = torch.zeros_like(features)
        found[asked] = drawn(lambda count: torch.randn(count, 3) / 10, asked)
        return found


def see(path):
    """Examples count for more or less and see each other; batches are as in `share`."""
    torch.manual_seed(0)
    features = torch.randn(61, 3)
    data = Tensors(features, features.sum(dim=1))
    plan = TrainingSettings(epochs=6, lr=0.03, batch_size=15)
    held_out = Validation(Tensors(features[:20] / 2, features[:20].sum(dim=1) / 2), clean=True)
    torch.manual_seed(1)
    watch = Seen()
    keep(path, Net(), data, plan, watch, held_out, lambda: watch.rows)


def disagree(path):
    """Each process finds another loss on held-out data, and normalises other shares of a batch."""
    torch.manual_seed(0)
    features = torch.randn(32, 3)
    data = Tensors(features, features.sum(dim=1))
    plan = TrainingSettings(epochs=9, lr=0.03, batch_size=16, patience=2)
    model = Net()
    model.heard.insert(1, nn.BatchNorm1d(8))
    held_out_losses = count() if torch.distributed.get_rank() else count(0, -1)

    def apart(net, batch):
        return loss(net, batch) if net.training else torch.tensor(float(next(held_out_losses)))

    keep(path, model, data, plan, apart, Validation(data, clean=True))


def keep(path, model, data, plan, loss_of, held_out, more=list):
    """Train, and write the history and the weights of every process, and what `more` tells."""
    torch.set_num_threads(1)
    accelerator = make_accelerator("cpu")
    history = fit(model, data, loss_of, plan, seed=0, accelerator=accelerator, validation=held_out)
    found = accelerator.num_processes, history.drop(columns="seconds").to_dict(), model.state_dict(), more()
    torch.save(found, f"{path}.{accelerator.process_index}")


def loss(net, batch):
    missed = net(batch[0]).squeeze(-1) - batch[1]
    return (missed**2).mean() + 0.01 * net.punished(batch[0]).mean()


if __name__ == "__main__":
    launch(
        {"share": share, "disagree": disagree, "few": few, "see": see}[sys.argv[1]],
        int(sys.argv[2]),
        sys.argv[3],
    )
