"""Batches are shared out so that all examples are seen once, in the order that one process sees them."""

from itertools import chain

import pytest
import torch

from mmrepro.training.batches import Tensors, batches

DATA = Tensors(torch.arange(23))


def rows(**given):
    return [batch[0].tolist() for batch in batches(DATA, 7, **given)]


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("processes", [1, 2, 3])
def test_shares_of_a_batch_make_up_the_batch(seed, processes):
    alone = rows(seed=seed)
    shares = [rows(seed=seed, process=process, processes=processes) for process in range(processes)]
    loaders = [batches(DATA, 7, process=process, processes=processes) for process in range(processes)]
    sizes = [loader.batch_sampler.sizes() for loader in loaders]
    assert sorted(chain(*alone)) == list(range(23))
    for number, whole in enumerate(alone):
        dealt = [share[number][: size[number][0]] for share, size in zip(shares, sizes, strict=True)]
        assert sorted(chain(*dealt)) == sorted(whole)
        assert max(map(len, dealt)) - min(map(len, dealt)) <= 1
        assert {size[number][1] for size in sizes} == {len(whole)}


def test_one_without_an_example_looks_at_the_first_and_knows_that_it_is_not_its_own():
    loader = batches(Tensors(torch.arange(5)), 4, process=2, processes=3)
    assert [batch[0].tolist() for batch in loader] == [[2], [4]]
    assert loader.batch_sampler.sizes() == [(1, 4), (0, 1)]
