"""Data are read ahead in processes of their own, and the training is the same."""

import torch
from torch import nn
from torch.utils.data import Dataset

from mmrepro.training import loop
from mmrepro.training.batches import Tensors, batches
from mmrepro.training.loop import TrainingSettings, Validation, fit, make_accelerator

FEATURES = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
IN_MEMORY = Tensors(FEATURES, FEATURES.sum(dim=1))


class OnDisk(Dataset):
    """The same examples, one at a time, as from files."""

    def __len__(self):
        return len(IN_MEMORY)

    def __getitem__(self, row):
        return IN_MEMORY[row]


def squared(net, batch):
    return ((net(batch[0]).squeeze(-1) - batch[1]) ** 2).mean()


def trained(data, loaders=0):
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    plan = TrainingSettings(epochs=3, lr=0.01, batch_size=16, loaders=loaders)
    history = fit(model, data, squared, plan, seed=0, accelerator=make_accelerator("cpu"))
    return model.weight.tolist(), history["loss"].tolist()


def test_neither_reading_nor_reading_ahead_changes_the_training():
    expected = trained(IN_MEMORY)
    assert trained(OnDisk()) == trained(OnDisk(), loaders=2) == expected
    assert len(set(expected[1])) == 3


def test_held_out_data_are_read_ahead_too(monkeypatch):
    asked = []
    monkeypatch.setattr(loop, "batches", lambda *args, **how: asked.append(how) or batches(*args, **how))
    plan = TrainingSettings(epochs=1, batch_size=16, loaders=1)
    held_out = Validation(OnDisk(), clean=True)
    fit(nn.Linear(3, 1), IN_MEMORY, squared, plan, seed=0, validation=held_out)
    assert [how["loaders"] for how in asked] == [1, 1]


def test_nobody_reads_ahead_what_is_in_memory():
    assert batches(OnDisk(), 16, loaders=2).num_workers == 2
    assert batches(IN_MEMORY, 16, loaders=2).num_workers == 0
