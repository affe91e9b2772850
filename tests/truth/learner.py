"""A learner of a few numbers, in a module of its own: processes that start afresh must find it."""

import torch
from torch import nn

from mmrepro.training.batches import Tensors
from mmrepro.training.loop import TrainingSettings, fit
from mmrepro.training.seed import seed_everything

SETTINGS = TrainingSettings(epochs=3, batch_size=64, lr=0.05)


def scores(job):
    """Train a net on all features and one on a quarter of them, as a chapter would."""
    # A job is a seed and the number of threads.
    seed, threads = job
    made = torch.Generator().manual_seed(7)  # the data are the same for every seed
    signals = torch.randn(2048, 16, generator=made)
    labels = (signals.sum(1) > 0).float()
    some = signals * (torch.arange(16) < 4)
    accuracy = {
        "early": _accuracy(signals, labels, seed, threads),
        "late decision": _accuracy(some, labels, seed, threads),
    }
    # So many summands are shared out over threads, and the last digits tell how.
    return seed, accuracy, float(torch.randn(4_000_000, generator=made).exp().sum())


def _accuracy(signals, labels, seed, threads):
    seed_everything(seed, threads)
    net = nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 1))
    loss = nn.BCEWithLogitsLoss()
    data = Tensors(signals[:1024], labels[:1024])
    fit(net, data, lambda model, batch: loss(model(batch[0])[:, 0], batch[1]), SETTINGS, seed=seed)
    with torch.no_grad():
        return 100 * ((net(signals[1024:])[:, 0] > 0) == (labels[1024:] > 0)).float().mean().item()
