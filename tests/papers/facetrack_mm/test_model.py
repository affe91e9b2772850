import numpy as np
import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.modeling.captioner import DecoderSettings
from mmrepro.papers.facetrack_mm import encoder
from mmrepro.papers.facetrack_mm.arms import ARMS, BLIND, FACE, FEW_FACE, MORE_WHOLE
from mmrepro.papers.facetrack_mm.model import Branch, FaceCaptioner, ViewEncoder
from mmrepro.papers.facetrack_mm.runs import make_model
from mmrepro.papers.facetrack_mm.scene import EXPRESSIONS

SMALL = DecoderSettings(width=16, depth=1, num_heads=2, max_length=64)


def views(parts, batch=2, frames=9, encoded=8):
    torch.manual_seed(parts)
    return torch.randn(batch, frames, parts, encoded)


def test_what_is_seen_matters_and_where_it_is_seen_does_not():
    torch.manual_seed(0)
    net = ViewEncoder(8).eval()
    picture = torch.full((32, 32), 128.0)  # zero for the network, as what lies outside
    patch = torch.rand(8, 8) * 255
    one, moved, other = picture.clone(), picture.clone(), picture.clone()
    one[8:16, 8:16], moved[12:20, 12:20], other[8:16, 8:16] = patch, patch, patch.flip(0)
    first, second, third = net(torch.stack([one, moved, other]))
    assert torch.allclose(first, second, atol=3e-3)  # but for what the edges of the view do
    assert not torch.allclose(first, third, atol=1e-2)


def test_a_branch_averages_neighbouring_frames_down_to_its_tokens():
    torch.manual_seed(0)
    branch = Branch(9, 1, 3, 8, 16).eval()
    seen = views(1)
    tokens = branch(seen)
    assert tokens.shape == (2, 3, 16)
    shuffled = seen[:, [2, 0, 1, 3, 4, 5, 6, 7, 8]]
    assert torch.allclose(branch(shuffled), tokens, atol=1e-5)
    exchanged = seen[:, [3, 4, 5, 0, 1, 2, 6, 7, 8]]
    assert not torch.allclose(branch(exchanged)[:, 0], tokens[:, 0], atol=1e-3)


def test_tokens_that_cannot_be_shared_are_refused():
    with pytest.raises(MMReproError, match="4 tokens cannot be shared by 9 frames of 1 parts"):
        Branch(9, 1, 4, 8, 16)
    with pytest.raises(MMReproError, match="9 tokens cannot be shared by 9 frames of 2 parts"):
        Branch(9, 2, 9, 8, 16)


def test_each_system_is_shown_as_many_tokens_as_it_says(settings):
    for arm in ARMS:
        model = make_model(arm, settings)
        shown = model.tokens(views(max(arm.parts, 1), encoded=16), views(1, encoded=16))
        assert shown.shape == (2, arm.tokens(9), 16), arm.name
    assert FACE.tokens(9) == MORE_WHOLE.tokens(9) == 18
    assert (FEW_FACE.tokens(9), BLIND.tokens(9)) == (12, 0)


def test_a_branch_that_is_left_out_is_not_looked_at():
    torch.manual_seed(0)
    whole_only, face_only = (FaceCaptioner(9, 1, whole, face, 8, SMALL) for whole, face in ((9, 0), (0, 9)))
    seen, other = views(1), views(2)[:, :, :1]
    assert torch.equal(whole_only.tokens(seen, seen), whole_only.tokens(seen, other))
    assert torch.equal(face_only.tokens(seen, seen), face_only.tokens(other, seen))


def test_compiled_branches_give_the_same_tokens(settings):
    model, seen = make_model(FACE, settings).eval(), (views(1, encoded=16), views(1, encoded=16))
    tokens = model.tokens(*seen)
    model.whole, model.face = (torch.compile(part, backend="eager") for part in (model.whole, model.face))
    assert torch.allclose(model.tokens(*seen), tokens, atol=1e-6)


def test_gradients_reach_both_branches():
    model = FaceCaptioner(9, 1, 9, 9, 8, SMALL)
    words = model.vocabulary.encode(["describe smiles then frowns", "first smiles"])
    model(views(1), views(1), words).backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in model.whole.parameters())
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in model.face.parameters())


def test_a_captioner_learns_to_tell_two_faces_apart():
    torch.manual_seed(0)
    model = FaceCaptioner(9, 1, 9, 9, 8, SMALL)
    whole, face = torch.zeros(2, 9, 1, 8), torch.zeros(2, 9, 1, 8)
    face[0, :, :, 0], face[1, :, :, 1] = 3, 3
    words = model.vocabulary.encode(["describe smiles then frowns", "describe raises-brows"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(80):
        optimizer.zero_grad()
        model(whole, face, words).backward()
        optimizer.step()
    assert model.eval().tell(whole, face, "describe") == ["smiles then frowns", "raises-brows"]


def test_targets_stand_at_the_part_that_holds_the_face(clips):
    shown = encoder.shown_expressions(clips)
    whole, halves, quarters = (encoder.part_targets(clips, parts) for parts in (1, 2, 4))
    assert np.array_equal(whole[:, :, 0], shown)
    assert np.array_equal(halves.sum(axis=2), shown)
    assert np.array_equal(quarters.sum(axis=2), shown)
    centre = (clips.boxes[..., 0, 0] + clips.boxes[..., 0, 2]) / 2
    on_the_right = shown.any(axis=2) & (centre >= 48)
    assert np.array_equal(halves[:, :, 1].any(axis=2), on_the_right)


def test_expressions_are_shown_while_they_last_and_not_while_the_face_is_away(clips):
    shown = encoder.shown_expressions(clips)
    names = list(EXPRESSIONS)
    for row in range(len(clips)):
        for frame in range(9):
            here = not np.isnan(clips.boxes[row, frame, 0, 0])
            now = {e.expression for e in clips.scripts[row][0] if e.first <= frame <= e.last and here}
            assert {names[place] for place in np.flatnonzero(shown[row, frame])} == now


def test_every_kind_of_view_has_an_equal_share_in_the_encoder(clips):
    seen, wanted = encoder.training_views(clips, seed=0)
    assert len(seen) == len(wanted) == 4 * len(clips) * 9
    assert seen.shape[1:] == (32, 32)


def test_jittered_boxes_stay_near_and_missing_ones_stay_missing():
    boxes = np.array([[10.0, 10, 30, 40], [np.nan] * 4])
    moved = encoder.jittered(boxes, np.random.default_rng(0))
    assert (np.abs(moved[0] - boxes[0]) <= [3, 4.5, 3, 4.5]).all()
    assert (moved[0] != boxes[0]).all()
    assert np.isnan(moved[1]).all()


def test_the_encoder_is_trained_once_the_same_way_and_frozen(settings):
    one, again = encoder.pretrain(settings), encoder.pretrain(settings)
    for first, second in zip(one.parameters(), again.parameters(), strict=True):
        assert torch.equal(first, second)
        assert not first.requires_grad


def test_encoding_in_parts_is_encoding_at_once(clips, settings):
    net = encoder.pretrain(settings).encoder
    seen = np.random.default_rng(0).integers(0, 255, (70, 9, 1, 32, 32), dtype=np.uint8)
    whole = encoder.encode(net, seen)
    assert whole.shape == (70, 9, 1, 16)
    assert torch.allclose(whole[60:], encoder.encode(net, seen[60:]), atol=1e-5)
