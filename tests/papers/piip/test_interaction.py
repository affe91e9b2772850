import math

import pytest
import torch
from torch.nn import functional

from mmrepro.errors import MMReproError
from mmrepro.papers.piip.deformable import DeformableAttention, centres, deform, sampling_core
from mmrepro.papers.piip.interaction import ConvFFN, Injection, InteractionUnit, RegularAttention


def bilinear(value, x, y):
    """Read a map (h, w, c) at pixel coordinates, zero outside: ten lines that owe nothing to grid_sample."""
    height, width, channels = value.shape
    left, top = math.floor(x), math.floor(y)
    total = torch.zeros(channels)
    for row in (top, top + 1):
        for column in (left, left + 1):
            if 0 <= row < height and 0 <= column < width:
                total += (1 - abs(x - column)) * (1 - abs(y - row)) * value[row, column]
    return total


def test_sampling_agrees_with_a_loop():
    torch.manual_seed(0)
    batch, heads, points, channels, grid, count = 2, 3, 4, 5, (4, 6), 7
    value = torch.randn(batch, 24, heads, channels)
    places = torch.rand(batch, count, heads, points, 2) * 1.4 - 0.2  # some lie outside
    weights = torch.rand(batch, count, heads, points)
    found = deform(value, grid, places, weights, "reference").view(batch, count, heads, channels)
    for b in range(batch):
        for n in range(count):
            for h in range(heads):
                plane = value[b, :, h].view(*grid, channels)
                expected = sum(
                    weights[b, n, h, p]
                    * bilinear(
                        plane,
                        float(places[b, n, h, p, 0]) * grid[1] - 0.5,
                        float(places[b, n, h, p, 1]) * grid[0] - 0.5,
                    )
                    for p in range(points)
                )
                assert torch.allclose(found[b, n, h], expected, atol=1e-5)


def test_attention_starts_as_a_ring_of_equal_weights():
    attention = DeformableAttention(32, 32, heads=8)
    offsets = attention.offsets.bias.view(8, 4, 2)
    steps = offsets.abs().amax(-1)
    assert torch.allclose(steps, torch.arange(1.0, 5).expand(8, 4))
    assert torch.allclose(offsets[0], torch.stack([torch.arange(1.0, 5), torch.zeros(4)], 1), atol=1e-6)
    assert not attention.offsets.weight.any() and not attention.weights.weight.any()


def test_centres_are_those_of_the_cells():
    found = centres((2, 4), torch.zeros(()))
    assert found[:, 0].tolist() == [0.125, 0.375, 0.625, 0.875] * 2
    assert found[:, 1].tolist() == [0.25] * 4 + [0.75] * 4


def test_regular_attention_is_softmax_attention():
    torch.manual_seed(0)
    attention = RegularAttention(8, 6, heads=2)
    tokens, memory = torch.randn(1, 3, 8), torch.randn(1, 5, 6)
    query, key, value = attention.query(tokens), attention.key(memory), attention.value(memory)
    heads = [
        torch.softmax(query[..., part] @ key[..., part].mT / math.sqrt(4), -1) @ value[..., part]
        for part in (slice(0, 4), slice(4, 8))
    ]
    expected = attention.output(torch.cat(heads, -1))
    assert torch.allclose(attention(tokens, memory, (1, 3), (1, 5)), expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["deformable", "regular"])
def test_an_injection_is_its_formula(kind, stir):
    injection = stir(Injection(16, 24, kind, heads=4)).eval()
    tokens, other, grid, other_grid = torch.randn(2, 6, 16), torch.randn(2, 8, 24), (2, 3), (2, 4)

    def norm(layer, given):
        return functional.layer_norm(given, (16,), layer.weight, layer.bias, 1e-6)

    memory = norm(injection.other_norm, other @ injection.project.weight.T + injection.project.bias)
    heard = injection.attention(norm(injection.norm, tokens), memory, grid, other_grid)
    once = tokens + injection.gamma * heard
    twice = once + injection.tau * injection.ffn(norm(injection.ffn_norm, once), grid)
    assert torch.allclose(injection(tokens, other, grid, other_grid), twice, atol=1e-6)


def test_the_conv_ffn_sees_its_neighbours_and_no_further(stir):
    ffn = stir(ConvFFN(8))
    tokens = torch.randn(1, 25, 8, requires_grad=True)
    ffn(tokens, (5, 5))[0, 12].sum().backward()
    seen = (tokens.grad[0].abs().sum(-1) > 0).view(5, 5)
    assert seen[1:4, 1:4].all() and seen.sum() == 9


def test_both_directions_read_what_was_before(stir):
    unit = stir(InteractionUnit((16, 32), "deformable", 4, 0.0, "reference")).eval()
    one, other, grids = torch.randn(1, 6, 16), torch.randn(1, 12, 32), ((2, 3), (3, 4))
    new_one, new_other = unit(one, other, grids)
    assert torch.equal(new_one, unit.to_one(one, other, *grids))
    assert torch.equal(new_other, unit.to_other(other, one, *grids[::-1]))
    assert not torch.allclose(new_other, unit.to_other(other, new_one, *grids[::-1]))


def test_widths_that_heads_do_not_divide_are_refused():
    with pytest.raises(MMReproError, match="24, and half of it, must be multiples of 16 heads"):
        DeformableAttention(24, 24)
    with pytest.raises(MMReproError, match="20 must be a multiple of 16 heads"):
        RegularAttention(20, 20)


def test_a_missing_kernel_says_what_to_install(monkeypatch):
    sampling_core.cache_clear()
    with pytest.raises(MMReproError, match="pip install deformops"):
        sampling_core("triton")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    with pytest.raises(MMReproError, match="needs a CUDA GPU"):
        sampling_core("triton")
