import pytest
import torch

from mmrepro.papers.ewing_vls import cost
from mmrepro.papers.ewing_vls.heads import AGGREGATORS, Head


@pytest.fixture(scope="module")
def pairings():
    return cost.pairings()


def test_the_written_out_image_half_of_clip_is_that_of_transformers():
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(
        hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, patch_size=32,
        image_size=224, projection_dim=512,
    )  # fmt: skip
    with torch.device("meta"):
        theirs, ours = CLIPVisionModelWithProjection(config).eval(), cost.ImageTransformer().eval()
        images = torch.empty(2, 3, 224, 224)
        assert cost.parameters(ours) == cost.parameters(theirs) == 87_849_216
        assert cost.macs(lambda: ours(images)) == cost.macs(lambda: theirs(pixel_values=images))
        assert cost.macs(lambda: ours(images).sum().backward()) == cost.macs(
            lambda: theirs(pixel_values=images).image_embeds.sum().backward()
        )


def test_macs_of_a_linear_layer_by_hand():
    layer, inputs = torch.nn.Linear(10, 3), torch.randn(4, 10)
    assert cost.macs(lambda: layer(inputs)) == 4 * 10 * 3
    # A step without a gradient for its input: forward, and the weights' gradient.
    assert cost.macs(lambda: layer(inputs).sum().backward()) == 2 * 4 * 10 * 3


def test_known_towers_have_their_known_parameters(pairings):
    mean = {(p.extractor, p.mode): p for p in pairings if p.aggregator == "mean"}
    assert mean["VGG16", "frozen"].frozen == 14_714_688
    assert mean["VGG16", "fine-tuned"].trainable == 14_714_688 + 512 * 4 + 4
    assert mean["PLIP", "frozen"].frozen == 87_849_216
    # VGG16 without its third dense layer (4,096 to 1,000).
    assert mean["VGG16, dense", "frozen"].frozen == 138_357_544 - 4_097_000


def test_heads_have_torchmils_parameters_but_for_their_last_layer():
    # 1,623,041 and 66,305 with one logit; ABMIL is gated here, which adds a second first layer.
    assert cost.parameters(Head("TransMIL", 512, 1, 512)) == 1_623_041
    assert cost.parameters(Head("ABMIL", 512, 1, 128)) == 66_305 + 512 * 128 + 128


def test_a_vgg16_image_costs_its_textbook_macs(pairings):
    answer = next(p for p in pairings if (p.extractor, p.aggregator) == ("VGG16", "mean")).answer_macs
    assert answer / 16 / 1e9 == pytest.approx(15.35, abs=0.05)


def test_every_pairing_is_there_once_and_freezing_only_moves_parameters(pairings):
    keys = {(p.extractor, p.mode, p.aggregator) for p in pairings}
    assert len(keys) == len(pairings) == 3 * 2 * len(AGGREGATORS)
    by_key = {(p.extractor, p.mode, p.aggregator): p for p in pairings}
    for extractor, mode, kind in keys:
        other = by_key[extractor, "frozen" if mode == "fine-tuned" else "fine-tuned", kind]
        own = by_key[extractor, mode, kind]
        assert own.trainable + own.frozen == other.trainable + other.frozen
        assert own.answer_macs == other.answer_macs


def test_shares_add_up_and_counts_compare_pair_by_pair(pairings):
    for of in ("trainable", "step_macs", "answer_macs"):
        assert sum(cost.shares(pairings, of, "TransMIL").values()) == pytest.approx(100)
    same = cost.fewer(pairings, ("PLIP", "frozen"), ("PLIP", "frozen"), "trainable")
    assert same == 0
    assert cost.fewer(pairings, ("PLIP", "frozen"), ("PLIP", "fine-tuned"), "trainable") == 4
    assert set(cost.table(pairings)["aggregator"]) == set(AGGREGATORS)


def test_seconds_are_measured_for_the_towers_that_are_asked_for():
    found = cost.measured(["EfficientNet-Lite0", "VGG16"], 32)
    assert found["extractor"].tolist() == ["EfficientNet-Lite0", "VGG16"]
    assert (found["training step (s)"] > 0).all() and (found["extract (s)"] > 0).all()
