"""What measures a step, against arithmetic by hand."""

import time

import measure
import pytest
import steps
import torch
from measure import CHECKPOINTED, COMPILED, SAMPLING, Step
from torch import nn

from mmrepro.errors import MMReproError
from mmrepro.papers.paper import load_paper, paper_slugs
from mmrepro.papers.settings import resolve_settings

CPU = torch.device("cpu")


@pytest.mark.parametrize(("learned_below", "passes"), [(False, 2), (True, 3)])
def test_operations_of_a_linear_layer(learned_below, passes):
    layer, inputs = nn.Linear(8, 4), torch.randn(3, 8, requires_grad=learned_below)
    # Two operations a product, forward, for the weight's gradient and for what lies below.
    assert measure.operations(lambda: layer(inputs).sum().backward()) == passes * 2 * 3 * 8 * 4


@pytest.mark.parametrize("groups", [1, 2, 8])
def test_operations_of_a_convolution_know_its_groups(groups):
    layer = nn.Conv2d(8, 8, 3, padding=1, groups=groups, bias=False)
    images = torch.randn(2, 8, 10, 10, requires_grad=True)
    expected = 3 * 2 * (2 * 8 * 10 * 10) * (8 // groups) * 3 * 3
    assert measure.operations(lambda: layer(images).sum().backward()) == expected


def test_seconds_are_those_of_one_call():
    assert 0.02 <= measure.seconds(lambda: time.sleep(0.02), 0.05) < 0.2


def test_a_product_reaches_some_operations_a_second():
    assert measure.ceiling(CPU, torch.float32, 64, 0.01) > 1e6


def test_memory_is_not_told_on_a_cpu():
    assert measure.peak_bytes(lambda: torch.zeros(10), CPU) is None


def test_rates_follow_from_the_seconds():
    found = measure.rates(0.5, flops=1000, examples=4, most=8000.0, plain_s=1.0)
    assert found == {"samples_per_s": 8.0, "flop_per_s": 2000.0, "of_ceiling": 0.25, "speed_up": 2.0}


def test_differences_by_hand():
    right = (2.0, {"large": torch.tensor([3.0, 4.0]), "small": torch.tensor([0.04])})
    doubled = (2.2, {"large": torch.tensor([6.0, 8.0]), "small": torch.tensor([-0.08])})
    found = measure.differences(right, doubled)
    assert found["loss_difference"] == pytest.approx(0.1)
    assert found["norm_difference"] == pytest.approx(1.0)
    assert found["worst_cosine"] == pytest.approx(1.0)  # what is small beside the rest is not asked
    turned = (2.0, {"large": torch.tensor([-4.0, 3.0]), "small": torch.tensor([0.04])})
    assert measure.differences(right, turned)["worst_cosine"] == pytest.approx(0.0, abs=1e-6)
    assert measure.differences(right, turned)["norm_difference"] == pytest.approx(0.0, abs=1e-6)


def test_every_kind_of_dropout_is_switched_off():
    net = nn.Sequential(nn.TransformerEncoderLayer(8, 2, 16, dropout=0.5), nn.Dropout(0.5)).train()
    inputs = torch.randn(3, 4, 8)
    assert not torch.equal(net(inputs), net(inputs))
    measure.without_dropout(net)
    assert torch.equal(net(inputs), net(inputs))


def test_there_is_a_case_for_every_chapter_in_order():
    assert list(steps.CASES) == paper_slugs()


@pytest.mark.parametrize("slug", [slug for slug in steps.CASES if slug != "cg-mer"])
def test_every_chapter_takes_a_step_that_checkpointing_does_not_change(slug):
    settings = resolve_settings(load_paper(slug), "smoke")
    torch.manual_seed(0)
    case = steps.CASES[slug](settings, CPU)
    assert len({len(part) for part in case.batch}) == 1
    loss, gradients = plain = Step(case, 1, CPU, ()).numbers()
    assert loss > 0
    assert sum(float(each.norm()) for each in gradients.values()) > 0
    if CHECKPOINTED in case.switches():
        found = measure.differences(plain, Step(case, 1, CPU, (CHECKPOINTED,)).numbers())
        assert max(found["loss_difference"], found["norm_difference"]) < 1e-5
        assert found["worst_cosine"] > 1 - 1e-5
    assert (SAMPLING in case.switches()) == (slug == "piip")
    assert COMPILED in case.switches()


def test_the_chapter_without_a_network_says_so():
    with pytest.raises(MMReproError, match="has no step for a GPU"):
        steps.CASES["cg-mer"](None, CPU)
