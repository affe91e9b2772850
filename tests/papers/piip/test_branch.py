import pytest
import timm
import torch
from timm.models.vision_transformer import VisionTransformer

from mmrepro.errors import MMReproError
from mmrepro.papers.piip.branch import CNNBranch, ViTBranch, as_map, as_tokens, timm_branch

from .conftest import make_branch


def run(branch, images):
    tokens = branch.embed(images)
    for piece in range(len(branch.dims)):
        tokens = branch.run(piece, tokens)
    return tokens


def test_a_window_that_covers_the_grid_changes_nothing(images):
    torch.manual_seed(0)
    whole = make_branch(16, (64, 64)).eval()
    torch.manual_seed(0)
    windowed = make_branch(16, (64, 64), window=8).eval()
    assert torch.allclose(run(whole, images), run(windowed, images), atol=1e-5)


def test_windows_attend_inside_only_and_padding_is_cut_off():
    torch.manual_seed(0)
    branch = make_branch(16, (40, 40), window=3, depth=1, pieces=1).eval()  # a grid of 5 x 5, padded to 6 x 6
    tokens = torch.randn(1, 25, 16, requires_grad=True)
    branch.run(0, tokens)[0, 0].sum().backward()
    seen = as_map(tokens.grad.abs(), (5, 5)).sum(1)[0] > 0
    expected = torch.zeros(5, 5, dtype=torch.bool)
    expected[:3, :3] = True
    assert torch.equal(seen, expected)


def test_a_window_equals_its_tokens_alone():
    torch.manual_seed(0)
    branch = make_branch(16, (32, 32), window=2, depth=1, pieces=1).eval()
    tokens = torch.randn(1, 16, 16)
    wrapper = branch.net.blocks[0].attn
    corner = as_tokens(as_map(tokens, (4, 4))[:, :, :2, 2:])
    alone = wrapper.proj(wrapper.attention(corner))
    found = as_tokens(as_map(wrapper(tokens), (4, 4))[:, :, :2, 2:])
    assert torch.allclose(found, alone, atol=1e-6)


def test_global_blocks_keep_their_attention():
    branch = make_branch(16, (64, 64), depth=4, window=2, global_blocks=(1, 3))
    assert ["Window" in type(block.attn).__name__ for block in branch.net.blocks] == [
        True,
        False,
        True,
        False,
    ]


def test_dropping_the_class_token_keeps_the_patches_positions(images):
    torch.manual_seed(0)
    net = VisionTransformer(
        img_size=(64, 96), patch_size=8, embed_dim=16, depth=2, num_heads=2, num_classes=0
    )
    with torch.no_grad():
        expected = net._pos_embed(net.patch_embed(images))[:, 1:]
        branch = ViTBranch(net, (64, 96), 2)
        assert branch.prefix == 0
        assert torch.allclose(branch.embed(images), expected)


def test_pieces_run_one_after_the_other_are_the_network(images):
    torch.manual_seed(0)
    branch = make_branch(16, (64, 96), depth=4, pieces=4).eval()
    with torch.no_grad():
        assert torch.equal(run(branch, images), branch.net.forward_features(images))


def test_a_convolutional_network_is_a_branch(images):
    torch.manual_seed(0)
    branch = timm_branch("test_convnext", (64, 96), 2, pretrained=False).eval()
    assert isinstance(branch, CNNBranch)
    reference = branch_reference(images)
    assert branch.dims == tuple(part.shape[1] for part in reference)[1::2]
    assert branch.grids == tuple(tuple(part.shape[-2:]) for part in reference)[1::2]
    assert torch.allclose(run(branch, images), as_tokens(reference[-1]), atol=1e-5)


def branch_reference(images):
    torch.manual_seed(0)
    with torch.no_grad():
        return timm.create_model("test_convnext", features_only=True).eval()(images)


def test_a_vision_transformer_of_timm_is_a_branch_at_any_size(images):
    branch = timm_branch("test_vit", (64, 96), 2, pretrained=False, window=2)
    assert (branch.prefix, branch.grids[-1]) == (0, (4, 6))
    assert run(branch, images).shape == (2, 24, branch.dims[-1])


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: make_branch(16, (60, 96)), "60 x 96 pixels cannot be cut into patches of 8.*64 x 96"),
        (lambda: make_branch(16, (64, 96), depth=4, pieces=3), "3 interactions do not divide 4 blocks"),
        (lambda: make_branch(16, (64, 96), window=2, class_token=True), "no place for a class token"),
        (lambda: timm_branch("vit_tinny_patch16_224", (64, 96), 2, pretrained=False), "vit_tiny_patch16_224"),
        (lambda: timm_branch("test_vit", (60, 96), 2, pretrained=False), "patches of 16.*64 x 96"),
        (lambda: timm_branch("mixer_s16_224", (64, 96), 2, pretrained=False), "gives no feature maps"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_branch_is_told(make, told):
    with pytest.raises(MMReproError, match=told):
        make()


@pytest.mark.parametrize("name", ["test_vit.r160_in1k", "test_convnext.r160_in1k"])
def test_weights_that_no_hub_gives_are_told_in_a_sentence(name, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MMReproError, match=rf"run `hf download timm/{name}` .* HF_HOME\.$") as caught:
        timm_branch(name, (160, 160), 2, pretrained=True)
    assert "\n" not in str(caught.value)
