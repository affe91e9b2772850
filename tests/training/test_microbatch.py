"""A batch that memory has no room for gives the gradients, and the training, that it would have given."""

import pytest
import torch
from torch import nn

from mmrepro.errors import MMReproError
from mmrepro.training.batches import Tensors
from mmrepro.training.loop import TrainingSettings, fit, make_accelerator
from mmrepro.training.microbatch import MicroBatches
from mmrepro.training.objective import Objective


class Narrow:
    """A squared error on a device with room for so many examples; it remembers what it was shown."""

    def __init__(self, room):
        self.room, self.seen = room, []

    def __call__(self, net, batch):
        self.seen.append(len(batch[0]))
        if len(batch[0]) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return ((net(batch[0]).squeeze(-1) - batch[1]) ** 2).mean()


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(40, 3, generator=generator)
    return Tensors(features, features.sum(dim=1))


def trained(data, loss, **given):
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    plan = TrainingSettings(**{"epochs": 2, "lr": 0.1, "batch_size": 20, **given})
    history = fit(model, data, loss, plan, seed=0, accelerator=make_accelerator("cpu"))
    return model.state_dict(), history["loss"].tolist()


@pytest.mark.parametrize("room", [10, 7, 1])
def test_a_training_in_parts_is_the_training_in_one(data, room, capsys):
    weights, losses = trained(data, Narrow(20))
    in_parts, same = trained(data, Narrow(room))
    assert same == pytest.approx(losses, rel=1e-5)
    for name, value in weights.items():
        torch.testing.assert_close(in_parts[name], value, rtol=1e-4, atol=1e-6)
    told = capsys.readouterr().out
    assert "memory ran out at 20 examples: going on with micro-batches of 10, their gradients summed" in told


def test_parts_stay_small_once_memory_ran_out(data):
    loss = Narrow(10)
    trained(data, loss)
    assert loss.seen == [20] + [10, 10] * 4  # one failure in two epochs of two batches


def test_parts_of_unequal_size_count_by_their_examples(data):
    loss, net = Narrow(7), nn.Linear(3, 1)
    batch = tuple(part[:20] for part in data.tensors)
    whole = torch.autograd.grad(Narrow(20)(net, batch), net.weight)[0]
    micro = MicroBatches(make_accelerator("cpu"))
    value = micro.backward(Objective(net, loss), batch)
    assert loss.seen == [20, 10, 5, 5, 5, 5]
    torch.testing.assert_close(net.weight.grad, whole)
    torch.testing.assert_close(value, Narrow(20)(net, batch).detach())
    micro.parts, net.weight.grad = 3, None
    micro.backward(Objective(net, loss), batch)
    assert loss.seen[-3:] == [7, 7, 6]
    torch.testing.assert_close(net.weight.grad, whole)


def test_a_single_example_without_room_is_told(data):
    with pytest.raises(MMReproError, match="ran out at a single example; use a smaller model"):
        trained(data, Narrow(0), batch_size=2)


def test_gradients_that_wait_for_other_batches_are_not_thrown_away(data):
    with pytest.raises(MMReproError, match="20 examples a process; use a smaller batch_size"):
        trained(data, Narrow(10), accumulate=2)


def test_other_errors_pass(data):
    def wrong(net, batch):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        trained(data, wrong)
