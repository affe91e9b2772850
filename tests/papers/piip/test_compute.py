import itertools

import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.papers.piip.branch import ViTBranch, ViTSize, plain_vit
from mmrepro.papers.piip.compute import (
    Network,
    Plan,
    executed_cost,
    parameter_counts,
    prefill_macs,
    published_cost,
)
from mmrepro.papers.piip.cost import MergedPyramid, counted_macs, kept_bytes, step_cost
from mmrepro.papers.piip.published import agreement, agrees, audit, plan_of, scatter_rows
from mmrepro.papers.piip.pyramid import PIIP
from mmrepro.papers.piip.systems import build_pyramid, plan_of_system

# Largest image first, as in the paper's tables; 64 x 96 pixels make a grid that windows of 3 do not divide.
NETWORKS = (Network(16, 2), Network(32, 4))
SIZES = ((64, 96), (32, 48))


def built(plan):
    """Build what a plan describes, the widest network first."""
    pieces = plan.interactions or 2
    branches = [
        ViTBranch(plain_vit(ViTSize(net.dim, net.depth, 2), size, patch=8), size, pieces, plan.window)
        for net, size in zip(plan.networks[::-1], plan.sizes[::-1], strict=True)
    ]  # fmt: skip
    pyramid = PIIP(branches, interact=plan.interactions > 0, attention=plan.attention, heads=plan.heads)
    return MergedPyramid(pyramid, pyramid.merging("dense" if plan.merging == "dense" else "pooled"))


@pytest.mark.parametrize("attention", ["deformable", "regular"])
@pytest.mark.parametrize("interactions", [0, 1, 2])
@pytest.mark.parametrize("merging", ["linear", "dense"])
def test_the_formula_is_what_the_library_counts(attention, interactions, merging):
    plan = Plan(
        NETWORKS, SIZES, interactions=interactions, attention=attention, merging=merging, patch=8, heads=4
    )
    images = torch.rand(2, 3, 64, 96)
    assert counted_macs(built(plan), images) == pytest.approx(published_cost(plan).total, rel=1e-9)


def test_what_is_executed_is_what_the_library_counts():
    plan = Plan(NETWORKS, SIZES, window=3, interactions=2, patch=8, heads=4)
    dense = built(Plan(NETWORKS, SIZES, window=3, interactions=2, merging="dense", patch=8, heads=4))
    executed = executed_cost(plan, neck=False)
    assert executed.padding > 0
    assert counted_macs(dense, torch.rand(1, 3, 64, 96)) == pytest.approx(executed.total, rel=1e-9)


def test_the_neck_is_its_three_deconvolutions():
    plan = Plan((Network(8, 1),), ((32, 48),), interactions=0, patch=8)
    neck = [
        torch.nn.Sequential(torch.nn.ConvTranspose2d(8, 8, 2, 2), torch.nn.ConvTranspose2d(8, 8, 2, 2)),
        torch.nn.ConvTranspose2d(8, 8, 2, 2),
    ]
    counted = sum(counted_macs(part, torch.rand(1, 8, 4, 6)) for part in neck)
    # The counter takes what a deconvolution reads, not what it writes: four taps a token it reads.
    assert executed_cost(plan).neck in (counted, pytest.approx(24 * 24 * 64))


@pytest.mark.parametrize("attention", ["deformable", "regular"])
@pytest.mark.parametrize("merging", ["linear", "dense"])
def test_parameters_are_those_of_the_modules(attention, merging):
    plan = Plan(NETWORKS, SIZES, interactions=2, attention=attention, merging=merging, patch=8, heads=4)
    model = built(plan)
    counts = parameter_counts(plan)
    assert counts["interactions"] == sum(each.numel() for each in model.pyramid.units.parameters())
    assert counts["merging"] == sum(each.numel() for each in model.merging.parameters())
    assert counts["branches"] == sum(each.numel() for each in model.pyramid.branches.parameters())


def test_full_size_parameters_on_the_meta_device():
    plan = plan_of("TS 64/32")
    with torch.device("meta"):
        branches = [
            ViTBranch(plain_vit(ViTSize(net.dim, 12, heads), (side, side)), (side, side), 12)
            for net, side, heads in ((plan.networks[1], 32, 6), (plan.networks[0], 64, 3))
        ]
        pyramid = PIIP(branches)
    assert sum(each.numel() for each in pyramid.units.parameters()) == parameter_counts(plan)["interactions"]


def test_a_grid_smaller_than_its_window_attends_over_itself():
    windowed, whole = plan_of("B 224, window 28"), plan_of("B 224")
    assert published_cost(windowed).total == published_cost(whole).total
    assert executed_cost(windowed).padding == 0


def test_a_worked_example():
    plan = plan_of("T 224, 0 interactions")
    tokens, dim = 14 * 14, 192
    expected = 768 * dim * tokens + 12 * (12 * dim**2 * tokens + 2 * tokens**2 * dim)
    assert published_cost(plan).total == expected


def test_a_language_model_pays_for_every_token():
    linear = 32 * (4 * 4096**2 + 3 * 4096 * 11008)
    assert prefill_macs(1) == linear + 32 * 2 * 4096
    assert prefill_macs(1024) > 1024 / 576 * prefill_macs(576)


def test_published_rows_follow(paper):
    rows = audit(paper)
    found = agreement(rows)
    totals = rows["source"].value_counts()
    for table in ("Table 1", "Table 9", "Table 12"):
        assert found[table] == totals[table]
    direct = rows[rows["system"] == "TSB 448/672/896, window 14"].iloc[0]
    assert not direct["agrees"]
    assert direct["ours"] == pytest.approx(394.9, abs=0.05)  # the pilot's number, with other code


def test_every_claim_on_figures_has_as_many_rows_as_it_says(paper):
    for metric, word in (("FLOPs", "FLOPs that agree"), ("parameters", "parameters that agree")):
        totals = audit(paper, metric)["source"].value_counts()
        for claim in paper.claims:
            if claim.metric == word:
                assert claim.paper_value == totals[claim.systems[0]]


def test_agreement_respects_printed_digits():
    assert agrees(463, 463.49) and agrees(463, 465.3) and not agrees(463, 465.4)
    assert agrees(3.8, 3.849) and not agrees(3.8, 3.86)


@pytest.mark.parametrize(
    ("system", "told"),
    [
        ("TSB 1568/1120", "3 networks and 2 sizes"),
        ("TSX 1568/1120/672", "is no pyramid"),
        ("TSB 1568/1120/672, windows 14", "did you mean 'window 4'"),
    ],
)
def test_a_row_that_cannot_be_read_is_told(system, told):
    with pytest.raises(MMReproError, match=told):
        plan_of(system)


def test_names_say_how_a_row_is_counted():
    plan = plan_of("H6B 1024/512, no projection, 6 interactions, regular attention, no merging")
    assert [net.dim for net in plan.networks] == [1280, 3200]
    assert (plan.project, plan.interactions, plan.attention, plan.merging) == (False, 6, "regular", "none")


def test_the_scatter_has_each_model_once(paper):
    rows = scatter_rows(paper)
    assert rows["system"].is_unique and {"AP", "published"} <= set(rows)


def test_trained_systems_cost_as_much_as_each_other(settings):
    """The miniature's contrasts are at equal compute, counted by formula and by library."""
    images = torch.rand(1, 3, *settings.image_size)
    macs = {}
    for name, system in settings.systems.items():
        pyramid = build_pyramid(system, settings)
        counted = counted_macs(MergedPyramid(pyramid, pyramid.merging("pooled")), images)
        macs[name] = published_cost(plan_of_system(system, settings)).total
        assert counted == pytest.approx(macs[name], rel=0.001), name
    for one, other in itertools.product(macs, macs):
        if "no interaction" not in (one, other):
            assert macs[one] / macs[other] < 1.11
    assert macs["inverted"] / macs["single"] == pytest.approx(1, abs=0.05)
    assert macs["inverted"] / macs["direct"] == pytest.approx(1, abs=0.05)


def test_bytes_kept_for_the_backward_pass_are_counted_once():
    layer = torch.nn.Linear(8, 8)
    assert kept_bytes(layer, torch.rand(4, 8)) == 4 * 8 * 4  # its input; the weight is a parameter
    twice = torch.nn.Sequential(layer, torch.nn.GELU())
    assert kept_bytes(twice, torch.rand(4, 8)) == 2 * 4 * 8 * 4
    found = step_cost(twice, torch.rand(4, 8), repeats=1)
    assert found.seconds >= 0 and found.kept_bytes == 2 * 8 * 4
