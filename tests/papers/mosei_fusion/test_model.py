import math

import pytest
import torch
from torch import nn

from mmrepro.papers.mosei_fusion.model import (
    JOINS,
    AttentionFusion,
    EarlyFusion,
    EncoderConfig,
    LateDecision,
    LateRepresentation,
    ModalityEncoder,
    parameter_count,
    sinusoidal_positions,
)

CONFIG = EncoderConfig(hidden_size=8, num_layers=1, num_heads=2, dropout=0.0)
DIMS = [5, 3, 4]


def inputs(batch=6, steps=None):
    torch.manual_seed(1)
    return [torch.randn(batch, size) if steps is None else torch.randn(batch, steps, size) for size in DIMS]


@pytest.fixture(params=JOINS.values(), ids=JOINS.keys())
def join(request):
    torch.manual_seed(0)
    return request.param(DIMS, 3, CONFIG)


@pytest.mark.parametrize("steps", [None, 7])
def test_shapes_and_gradients_reach_every_parameter(join, steps):
    logits = join(inputs(steps=steps))
    assert logits.shape == (6, 3)
    nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 0, 1, 2])).backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in join.parameters())
    for module in ("project", "head", "heads", "attention"):
        grads = [p.grad.abs().sum() for name, p in join.named_parameters() if module in name]
        assert all(grad > 0 for grad in grads[:1])


def test_examples_of_a_batch_do_not_touch_each_other(join):
    join.eval()
    every = inputs()
    alone = join([part[2:3] for part in every])
    assert torch.allclose(join(every)[2:3], alone, atol=1e-5)


def test_late_decision_is_the_mean_of_softmaxes_by_hand():
    torch.manual_seed(0)
    model = LateDecision(DIMS, 3, CONFIG).eval()
    parts = inputs()
    by_hand = sum(
        head(encoder(x)).softmax(-1)
        for encoder, head, x in zip(model.encoders, model.heads, parts, strict=True)
    )
    assert torch.allclose(model(parts).exp(), by_hand / 3, atol=1e-6)
    assert torch.allclose(model(parts).softmax(-1), by_hand / 3, atol=1e-6)


def test_late_representation_is_linear_in_the_concatenated_encodings():
    torch.manual_seed(0)
    model = LateRepresentation(DIMS, 3, CONFIG).eval()
    parts = inputs()
    encoded = torch.cat([encoder(x) for encoder, x in zip(model.encoders, parts, strict=True)], -1)
    assert torch.allclose(model(parts), encoded @ model.head[1].weight.T + model.head[1].bias, atol=1e-6)


def test_early_fusion_of_one_modality_is_the_unimodal_model():
    torch.manual_seed(0)
    model = EarlyFusion([5], 2, CONFIG).eval()
    x = inputs()[0]
    assert torch.allclose(model([x]), model.head(model.encoder(x)))


def test_attention_agrees_with_arithmetic_on_its_own_weights():
    torch.manual_seed(0)
    model = AttentionFusion(DIMS, 3, EncoderConfig(8, 1, 1, 0.0)).eval()
    parts = inputs()
    tokens = torch.stack([encoder(x) for encoder, x in zip(model.encoders, parts, strict=True)], 1)
    weight, bias = model.attention.in_proj_weight, model.attention.in_proj_bias
    query, key, value = (tokens @ w.T + b for w, b in zip(weight.chunk(3), bias.chunk(3), strict=True))
    attention = (query @ key.transpose(1, 2) / math.sqrt(8)).softmax(-1)
    joined = model.norm(tokens + model.attention.out_proj(attention @ value))
    assert torch.allclose(model(parts), model.head(joined.flatten(1)), atol=1e-5)
    assert torch.allclose(model.attention_map(parts), attention, atol=1e-5)


def test_attention_rows_add_up_to_one():
    model = AttentionFusion(DIMS, 3, CONFIG).eval()
    weights = model.attention_map(inputs())
    assert weights.shape == (6, 3, 3)
    assert torch.allclose(weights.sum(-1), torch.ones(6, 3), atol=1e-5)


def test_padding_changes_nothing():
    torch.manual_seed(0)
    encoder = ModalityEncoder(4, CONFIG).eval()
    short = torch.randn(2, 5, 4)
    padded = torch.cat([short, torch.zeros(2, 3, 4)], dim=1)
    assert torch.allclose(encoder(short), encoder(padded), atol=1e-5)


def test_a_silent_example_stays_finite():
    encoder = ModalityEncoder(4, CONFIG).eval()
    assert encoder(torch.zeros(2, 5, 4)).isfinite().all()


def test_order_of_steps_matters_and_one_step_equals_a_pooled_vector():
    torch.manual_seed(0)
    encoder = ModalityEncoder(4, CONFIG).eval()
    sequence = torch.randn(1, 5, 4)
    assert not torch.allclose(encoder(sequence), encoder(sequence.flip(1)), atol=1e-4)
    assert torch.equal(encoder(sequence[:, :1]), encoder(sequence[:, 0]))


def test_positions_follow_the_formula():
    table = sinusoidal_positions(6, 8)
    for step in range(6):
        for pair in range(4):
            angle = step / 10_000 ** (2 * pair / 8)
            assert table[step, 2 * pair] == pytest.approx(math.sin(angle), abs=1e-5)
            assert table[step, 2 * pair + 1] == pytest.approx(math.cos(angle), abs=1e-5)


def test_parameters_are_counted_by_hand():
    assert parameter_count(nn.Linear(3, 4)) == 3 * 4 + 4
    frozen = nn.Linear(3, 4).requires_grad_(False)
    assert parameter_count(frozen) == 0
