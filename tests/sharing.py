"""A loss as several processes find it together, here in threads: none need be started to test it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import torch

from mmrepro.training import share


class Threads:
    """Threads in place of processes: each has its share of a batch, and random numbers of its own seed."""

    def __init__(self, monkeypatch, count):
        self.count, self.meeting, self.posted = count, threading.Barrier(count, timeout=60), [None] * count
        self.here = threading.local()
        monkeypatch.setattr(share, "gather", lambda tensor: torch.cat(self.meet(tensor)))
        monkeypatch.setattr(share, "reduce", self.reduced)
        for name in ("rand", "randn", "randint"):
            monkeypatch.setattr(torch, name, self.seeded(getattr(torch, name)))

    def meet(self, tensor):
        self.posted[self.here.place] = tensor.detach()
        self.meeting.wait()
        found = list(self.posted)
        self.meeting.wait()
        return found

    def reduced(self, tensor, how):
        total = torch.stack(self.meet(tensor)).sum(0)
        return total / self.count if how == "mean" else total

    def seeded(self, draw):
        return lambda *size, **given: draw(*size, generator=self.here.generator, **given)

    def each(self, run):
        """Return what `run` gives for every place; what goes wrong in one stops the others."""

        def placed(place):
            self.here.place, self.here.generator = place, torch.Generator().manual_seed(0)
            try:
                return run(place)
            except BaseException:
                self.meeting.abort()
                raise

        with ThreadPoolExecutor(self.count) as pool:
            return [one.result() for one in [pool.submit(placed, place) for place in range(self.count)]]


def assert_shares_make_the_batch(monkeypatch, loss_of, model, batch, processes=(2, 3)):
    """Assert that loss and gradients of `batch` are the same when processes share it out.

    With more processes than examples, some of them have none.
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]

    def whole(_):
        loss = loss_of(model, batch)
        return [loss, *torch.autograd.grad(loss, weights, materialize_grads=True)]

    with monkeypatch.context() as patch:
        (alone,) = Threads(patch, 1).each(whole)
    for count in processes:

        def part(place, count=count):
            examples = len(batch[0])
            mine = share.Share(place, count, len(range(place, examples, count)), examples)
            with share.sharing(mine):
                rows = slice(place, None, count) if mine.own else slice(1)
                loss = mine.weight * loss_of(model, tuple(each[rows] for each in batch))
                return [loss, *torch.autograd.grad(loss, weights, materialize_grads=True)]

        with monkeypatch.context() as patch:
            found = Threads(patch, count).each(part)
        for one, *others in zip(alone, *found, strict=True):
            torch.testing.assert_close(torch.stack(others).mean(0), one, rtol=1e-4, atol=1e-6)
