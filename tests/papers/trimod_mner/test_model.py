import itertools

import pytest
import torch

from mmrepro.papers.trimod_mner.corpus import FLAGS, word_flags
from mmrepro.papers.trimod_mner.encoder import FrozenTable
from mmrepro.papers.trimod_mner.model import GatedView, TaggerConfig, TriModTagger
from mmrepro.papers.trimod_mner.tweets import TAGS

CONFIG = TaggerConfig(hidden_size=16, num_heads=2, dropout=0.0)


@pytest.fixture
def tagger(encoder):
    torch.manual_seed(0)
    return TriModTagger(encoder, ("hashtag", "image"), CONFIG).eval()


def test_shapes_and_gradients(tagger, parts):
    batch = parts["test"].tensors().__getitems__([0, 1, 2, 3])
    scores, mask, weights = tagger.emissions(batch)
    longest = max(len(tweet.words) for tweet in parts["test"].tweets[:4])
    assert scores.shape == (4, longest, len(TAGS))
    assert mask.sum(1).tolist() == [len(tweet.words) for tweet in parts["test"].tweets[:4]]
    assert set(weights) == {"hashtag", "image"}
    assert torch.allclose(weights["image"].sum(-1), torch.ones(4, longest), atol=1e-5)
    tagger(batch).backward()
    assert all(weight.grad is not None for weight in tagger.parameters())
    assert tagger.views["image"].gate.weight.grad.abs().sum() > 0


def test_padding_changes_no_answer(tagger, parts):
    whole = parts["test"].tensors()
    together = tagger.emissions(whole.tensors)[0]
    for row in range(4):
        alone, mask, _ = tagger.emissions(parts["test"].take([row]).tensors().tensors)
        length = int(mask.sum())
        assert torch.allclose(alone[0, :length], together[row, :length], atol=1e-4)


def test_an_empty_memory_adds_nothing():
    view = GatedView(6, CONFIG).eval()
    words = torch.randn(2, 3, 16)
    present = torch.tensor([[False, False], [True, False]])
    added, weights = view(words, torch.randn(2, 2, 6), present)
    assert (added[0] == 0).all()
    assert (added[1] != 0).any()
    assert torch.isfinite(weights).all()


def test_without_views_the_caption_is_not_read_and_with_them_it_is(encoder, parts, tagger):
    torch.manual_seed(0)
    text_only = TriModTagger(encoder, (), CONFIG).eval()
    right, wrong = parts["test"].tensors().tensors, parts["test"].shuffled(0).tensors().tensors
    assert torch.equal(text_only.emissions(right)[0], text_only.emissions(wrong)[0])
    assert not torch.allclose(tagger.emissions(right)[0], tagger.emissions(wrong)[0])


def test_switches_leave_out_characters_and_gates(encoder):
    bare = TriModTagger(encoder, ("image",), TaggerConfig(16, 2, use_characters=False, use_gates=False))
    assert bare.characters is None
    assert bare.views["image"].gate is None


def test_the_crf_agrees_with_adding_up_every_path():
    torch.manual_seed(0)
    tagger = TriModTagger(FrozenTable(4), (), CONFIG)
    scores, mask = torch.randn(1, 3, len(TAGS)), torch.ones(1, 3, dtype=torch.bool)
    crf = tagger.crf

    def total(path):
        steps = sum(scores[0, place, tag] for place, tag in enumerate(path))
        moves = sum(crf.transitions[one, other] for one, other in itertools.pairwise(path))
        return steps + moves + crf.start_transitions[path[0]] + crf.end_transitions[path[-1]]

    paths = list(itertools.product(range(len(TAGS)), repeat=3))
    totals = torch.stack([total(path) for path in paths])
    tags = torch.tensor([[1, 2, 0]])
    assert torch.allclose(
        tagger.loss_of(scores, mask, tags), totals.logsumexp(0) - total((1, 2, 0)), atol=1e-4
    )
    best = paths[int(totals.argmax())]
    assert tagger.best_tags(scores, mask) == [tuple(TAGS[tag] for tag in best)]


def test_flags_tell_a_word_s_form():
    told = dict(zip(FLAGS, word_flags("#NBA2"), strict=True))
    assert [name for name, value in told.items() if value] == ["all capitals", "digit", "hashtag"]
    assert word_flags("@")[FLAGS.index("no letter")]


def test_shuffling_moves_every_caption_and_nothing_else(parts):
    moved = parts["train"].shuffled(3)
    assert moved.numbers is parts["train"].numbers
    ours = [tensor.tolist() for tensor in parts["train"].images]
    assert sorted(map(str, ours)) == sorted(str(tensor.tolist()) for tensor in moved.images)
    assert all(new is not old for new, old in zip(moved.images, parts["train"].images, strict=True))
    assert [tensor.tolist() for tensor in parts["train"].shuffled(3).images] == [
        tensor.tolist() for tensor in moved.images
    ]


def test_a_silent_view_is_empty(parts):
    quiet = parts["test"].silenced("hashtag").silenced("image").tensors().tensors
    assert quiet[5].shape == quiet[6].shape == (len(parts["test"]), 1)
    assert not quiet[5].any() and not quiet[6].any()
