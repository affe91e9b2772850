import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.papers.piip.branch import timm_branch
from mmrepro.papers.piip.merging import Merging
from mmrepro.papers.piip.pyramid import PIIP

from .conftest import SIZES, make_branch


def test_closed_gates_leave_every_branch_exactly_as_it_is_alone(branches, images):
    together = PIIP(branches, heads=4).eval()(images)
    alone = [PIIP([branch]).eval()(images)[0] for branch in branches]
    assert all(torch.equal(one, other) for one, other in zip(together, alone, strict=True))


def test_open_gates_do_not(branches, images, stir):
    pyramid = PIIP(branches, heads=4).eval()
    stir(pyramid.units)
    alone = [PIIP([branch]).eval()(images)[0] for branch in branches]
    assert not any(torch.allclose(one, other) for one, other in zip(pyramid(images), alone, strict=True))


@pytest.mark.parametrize("attention", ["deformable", "regular"])
def test_shapes_and_gradients(branches, images, attention, stir):
    pyramid = stir(PIIP(branches, attention=attention, heads=4))
    maps = pyramid(images)
    assert [tuple(each.shape) for each in maps] == [
        (2, dim, size[0] // 8, size[1] // 8) for dim, size in SIZES.items()
    ]
    pyramid.merging("dense")(maps).sum().backward()
    assert all(each.grad is not None and each.grad.abs().sum() > 0 for each in pyramid.parameters())


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 1, 0), (0, 2, 1)])
def test_another_order_of_the_branches_is_caught(branches, order):
    with pytest.raises(MMReproError, match="from the widest to the narrowest, on growing images"):
        PIIP([branches[place] for place in order], heads=4)
    PIIP([branches[place] for place in order], heads=4, arrangement="any")


def test_a_direct_pyramid_is_another_arrangement():
    direct = [make_branch(32, (64, 96)), make_branch(16, (32, 48)), make_branch(8, (16, 24))]
    PIIP(direct, heads=4, arrangement="direct")
    with pytest.raises(MMReproError, match="growing images"):
        PIIP(direct, heads=4)


def test_the_finest_pair_talks_first(branches, images, stir):
    """With one piece a change of the finest branch reaches the widest only through the middle one."""
    one_piece = [make_branch(dim, size, pieces=1) for dim, size in SIZES.items()]
    pyramid = stir(PIIP(one_piece, heads=4)).eval()
    tokens = [branch.embed(images) for branch in pyramid.parts]
    changed = [*tokens[:2], tokens[2] + torch.randn_like(tokens[2])]
    first, second = pyramid._step(0, *tokens), pyramid._step(0, *changed)
    assert not torch.allclose(first[0], second[0])
    changed = [tokens[0] + torch.randn_like(tokens[0]), *tokens[1:]]
    second = pyramid._step(0, *changed)
    assert torch.equal(first[2], second[2])


def test_checkpointing_changes_no_gradient(branches, images, stir):
    plain = stir(PIIP(branches, heads=4)).train()
    merging = plain.merging("pooled")
    merging(plain(images)).square().mean().backward()
    grads = [each.grad.clone() for each in plain.parameters()]
    plain.zero_grad()
    plain.checkpointing = True
    merging(plain(images)).square().mean().backward()
    assert all(torch.allclose(a, b.grad, atol=1e-6) for a, b in zip(grads, plain.parameters(), strict=True))


def test_convolutions_and_transformers_talk_to_each_other(images, stir):
    mixed = [make_branch(64, (32, 48)), timm_branch("test_convnext", (64, 96), 2, pretrained=False)]
    pyramid = stir(PIIP(mixed, heads=4, arrangement="any"))
    maps = pyramid(images)
    assert maps[1].shape[1] == mixed[1].dims[-1]
    pyramid.merging("dense", width=16)(maps).sum().backward()
    assert pyramid.units[0][0].to_one.gamma.grad.abs().sum() > 0


def test_branches_must_be_cut_alike_and_be_there(branches):
    with pytest.raises(MMReproError, match=r"as many pieces, not \[1, 2\]"):
        PIIP([branches[0], make_branch(16, (32, 48), pieces=1)], heads=4)
    with pytest.raises(MMReproError, match="at least one branch"):
        PIIP([])


def test_a_merged_map_is_the_weighted_sum_of_its_branches(branches, images):
    pyramid = PIIP(branches, heads=4).eval()
    maps, merging = pyramid(images), pyramid.merging("pooled", width=40)
    with torch.no_grad():
        merging.weights.copy_(torch.tensor([1.0, 2.0, -0.5]))
        whole = merging(maps)
        alone = torch.stack([merging(maps, [place]) for place in range(3)]).sum(0)
    assert whole.shape == (2, 40, 8, 12)
    assert torch.allclose(whole, alone, atol=1e-5)
    with torch.no_grad():
        merging.weights[1] = 0
        assert torch.allclose(merging(maps), merging(maps, [0, 2]), atol=1e-5)


def test_kinds_of_merging_differ_in_where_they_resize(images):
    maps = [torch.randn(1, 8, 2, 3), torch.randn(1, 4, 4, 6)]
    for kind, layers in (("dense", 6), ("language", 4)):
        merging = Merging([8, 4], [(2, 3), (4, 6)], kind, width=16)
        assert len(merging.projections[0]) == layers
        assert merging(maps).shape == (1, 16, 4, 6)
    pooled = Merging([8, 4], [(2, 3), (4, 6)], "pooled")
    assert isinstance(pooled.projections[0], torch.nn.GroupNorm)  # the widest branch is only normalised
    assert len(pooled.projections[1]) == 3
