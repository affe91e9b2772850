import pytest
import torch
from torch import nn

from mmrepro.errors import MMReproError
from mmrepro.papers.ewing_vls.heads import AGGREGATORS, Head

WIDTH, CLASSES = 12, 3


def head(kind, seed=0):
    torch.manual_seed(seed)
    return Head(kind, WIDTH, CLASSES, 16).eval()


def padded(sizes, seed=0):
    """Bags of several sizes, padded with what must not matter."""
    torch.manual_seed(seed)
    bags = torch.randn(len(sizes), max(sizes), WIDTH)
    mask = torch.arange(max(sizes))[None] < torch.tensor(sizes)[:, None]
    return bags, mask


@pytest.mark.parametrize("kind", AGGREGATORS)
def test_there_is_a_logit_a_class_and_attention_adds_up_to_one(kind):
    bags, mask = padded([1, 2, 5, 9])
    logits, attention = head(kind).attend(bags, mask)
    assert logits.shape == (4, CLASSES)
    assert torch.allclose(attention.sum(1), torch.ones(4)) and (attention >= 0).all()
    assert (attention[~mask] == 0).all()
    assert torch.allclose(head(kind)(bags, mask), logits, atol=1e-6)


@pytest.mark.parametrize("kind", AGGREGATORS)
def test_what_pads_a_bag_and_what_lies_beside_it_does_not_matter(kind):
    bags, mask = padded([3, 7, 16])
    model = head(kind)
    together = model(bags, mask)
    spoilt = bags.masked_fill(~mask[..., None], 99.0)
    assert torch.allclose(model(spoilt, mask), together, atol=1e-5)
    alone = torch.cat(
        [model(bags[n : n + 1, :size], mask[n : n + 1, :size]) for n, size in enumerate((3, 7, 16))]
    )
    assert torch.allclose(alone, together, atol=1e-5)


@pytest.mark.parametrize("size", [1, 2, 5, 10, 16])
def test_transmil_of_several_bags_is_torchmils_of_each(size):
    model = head("TransMIL")
    bags, mask = padded([size, 16])
    theirs, raw = model.model(bags[:1, :size], return_att=True)
    ours, attention = model.attend(bags, mask)
    assert torch.allclose(ours[:1], theirs, atol=1e-5)
    if size in (1, 16):  # a full square repeats no patch
        share = raw.clamp(min=1e-9)
        assert torch.allclose(attention[0, :size], (share / share.sum(1, keepdim=True))[0], atol=1e-5)


def test_abmil_is_torchmils_with_another_last_layer():
    bags, mask = padded([4, 6])
    model = head("ABMIL")
    pooled, raw = model.model.pool(bags, mask.float(), return_att=True)
    weights = raw.masked_fill(~mask, float("-inf")).softmax(1)
    assert torch.allclose(pooled, (weights[..., None] * bags).sum(1), atol=1e-6)
    assert torch.allclose(model(bags, mask), model.classifier(pooled), atol=1e-6)
    assert isinstance(model.model.classifier, nn.Linear) and model.model.classifier.out_features == CLASSES


def test_mean_and_maximum_by_hand():
    bags = torch.tensor([[[1.0, 4.0], [3.0, 2.0], [100.0, 100.0]]])
    mask = torch.tensor([[True, True, False]])
    for kind, pooled in (("mean", [2.0, 3.0]), ("max", [3.0, 4.0])):
        model = Head(kind, 2, 2)
        assert torch.allclose(model(bags, mask), model.classifier(torch.tensor([pooled])))
        assert torch.allclose(model.attend(bags, mask)[1], torch.tensor([[0.5, 0.5, 0.0]]))


@pytest.mark.parametrize("kind", ["mean", "max", "ABMIL"])
def test_the_order_of_patches_does_not_matter(kind):
    bags, mask = padded([6])
    turned = bags[:, torch.randperm(6)]
    assert torch.allclose(head(kind)(bags, mask), head(kind)(turned, mask), atol=1e-5)


@pytest.mark.parametrize("kind", AGGREGATORS)
def test_every_parameter_gets_a_gradient(kind):
    bags, mask = padded([16, 16])
    model = head(kind)
    model(bags, mask).square().sum().backward()
    # torchmil's TransMIL keeps a second norm in each layer for an MLP that it does not have by default.
    used = {name: each for name, each in model.named_parameters() if "norm2" not in name}
    assert all(each.grad is not None and each.grad.abs().sum() > 0 for each in used.values())


def test_another_width_and_an_empty_bag_are_refused():
    bags, mask = padded([2, 3])
    with pytest.raises(MMReproError, match="reads 12 features a patch and was given 5"):
        head("ABMIL")(bags[..., :5], mask)
    mask[0] = False
    for kind in AGGREGATORS:
        with pytest.raises(MMReproError, match="A bag has no patch"):
            head(kind)(bags, mask)


def test_attention_finds_a_planted_patch():
    torch.manual_seed(0)
    bags, labels = torch.randn(64, 8, WIDTH), torch.arange(64) % 2
    bags[labels == 1, 3, :4] += 4
    mask = torch.ones(64, 8, dtype=torch.bool)
    model = Head("ABMIL", WIDTH, 2, 16)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(bags, mask), labels).backward()
        optimizer.step()
    _, attention = model.attend(bags[labels == 1], mask[labels == 1])
    assert (attention.argmax(1) == 3).float().mean() > 0.9
