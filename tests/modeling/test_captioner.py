import pytest
import torch
from torch.nn import functional

from mmrepro.errors import MMReproError
from mmrepro.modeling.captioner import Captioner, DecoderSettings, Vocabulary
from tests.sharing import assert_shares_make_the_batch

WORDS = ["tell", "red", "blue", "left", "right", "then"]
SMALL = DecoderSettings(width=16, depth=1, num_heads=2, max_length=24)


@pytest.fixture
def vocabulary():
    return Vocabulary(WORDS)


@pytest.fixture
def captioner(vocabulary):
    torch.manual_seed(0)
    return Captioner(vocabulary, SMALL).eval()


def test_words_go_there_and_back(vocabulary):
    numbers = vocabulary.encode(["tell red left", "tell blue right then red left"])
    assert numbers.shape == (2, 7)
    assert numbers[0].tolist() == [3, 4, 6, 1, 0, 0, 0]
    assert vocabulary.decode(numbers) == ["tell red left", "tell blue right then red left"]


def test_what_comes_after_the_end_mark_is_not_told(vocabulary):
    assert vocabulary.decode(torch.tensor([[4, 6, 1, 5, 5], [1, 4, 4, 4, 4], [4, 6, 0, 0, 0]])) == [
        "red left",
        "",
        "red left",
    ]


def test_an_unknown_word_is_marked_and_asking_its_number_is_refused(vocabulary):
    assert vocabulary.decode(vocabulary.encode(["red green"])) == ["red <unknown>"]
    assert vocabulary.number("red") == 4
    with pytest.raises(MMReproError, match="no word 'green'"):
        vocabulary.number("green")


def test_logits_of_a_word_know_nothing_of_later_words_but_all_that_is_seen(captioner, vocabulary):
    words = vocabulary.encode(["tell red left then blue"])
    visual = torch.randn(1, 3, 16)
    before = captioner.logits(visual, words)
    assert before.shape == (1, 6, len(vocabulary))
    changed = words.clone()
    changed[0, 4] = vocabulary.number("right")
    after = captioner.logits(visual, changed)
    assert torch.allclose(before[:, :4], after[:, :4], atol=1e-6)
    assert not torch.allclose(before[:, 4], after[:, 4], atol=1e-4)
    other = captioner.logits(torch.cat([visual[:, :2], torch.randn(1, 1, 16)], 1), words)
    assert not torch.allclose(before[:, 0], other[:, 0], atol=1e-4)


def test_log_probability_is_the_sum_over_the_captions_own_words(captioner, vocabulary):
    words = vocabulary.encode(["tell red left", "tell blue right then red left"])
    visual = torch.randn(2, 3, 16)
    total, count = captioner.log_probability(visual, words)
    assert count.tolist() == [3, 6]
    logs = functional.log_softmax(captioner.logits(visual, words), -1)
    by_hand = sum(logs[0, place, words[0, place + 1]] for place in range(3))
    assert total[0].item() == pytest.approx(by_hand.item(), abs=1e-5)
    assert captioner.loss(visual, words).item() == pytest.approx(-total.sum().item() / 9, abs=1e-6)


def test_padding_changes_no_log_probability(captioner, vocabulary):
    visual = torch.randn(2, 3, 16)
    both = captioner.log_probability(visual, vocabulary.encode(["tell red", "tell red then blue left"]))[0]
    alone = captioner.log_probability(visual[:1], vocabulary.encode(["tell red"]))[0]
    assert both[0].item() == pytest.approx(alone[0].item(), abs=1e-5)


def test_a_prompt_is_given_and_not_scored(captioner, vocabulary):
    words, visual = vocabulary.encode(["tell red left"]), torch.randn(1, 2, 16)
    whole, part = (captioner.log_probability(visual, words, length) for length in (1, 2))
    logs = functional.log_softmax(captioner.logits(visual, words), -1)
    assert (whole[0] - part[0]).item() == pytest.approx(logs[0, 0, words[0, 1]].item(), abs=1e-5)
    assert part[1].tolist() == [2]


def test_gradients_reach_what_is_seen(captioner, vocabulary):
    visual = torch.randn(1, 3, 16, requires_grad=True)
    captioner.loss(visual, vocabulary.encode(["tell red left"])).backward()
    assert visual.grad.abs().sum(-1).gt(0).all()
    assert all(parameter.grad is not None for parameter in captioner.parameters())


def test_greedy_words_are_the_most_probable_each_time(captioner, vocabulary):
    visual, prompt = torch.randn(1, 3, 16), torch.tensor([[vocabulary.number("tell")]])
    told = captioner.generate(visual, prompt, max_words=5)
    words = prompt
    for place in range(told.shape[1]):
        best = captioner.logits(visual, words)[:, -1].argmax(-1)
        assert best.item() == told[0, place].item()
        words = torch.cat([words, best[:, None]], 1)
    assert torch.equal(told, captioner.generate(visual, prompt, max_words=5))


def test_sampling_follows_its_seed_and_leaves_the_generator_alone(captioner, vocabulary):
    visual, prompt = torch.randn(1, 3, 16).repeat(8, 1, 1), torch.full((8, 1), vocabulary.number("tell"))
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, again, other = (
        captioner.generate(visual, prompt, max_words=8, temperature=1.0, seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(one, again)
    assert one.shape != other.shape or not torch.equal(one, other)


def test_a_model_that_sees_nothing_still_tells(captioner, vocabulary):
    nothing, prompt = torch.zeros(2, 0, 16), torch.full((2, 1), vocabulary.number("tell"))
    assert captioner.logits(nothing, vocabulary.encode(["tell red"] * 2)).shape == (2, 3, len(vocabulary))
    assert captioner.generate(nothing, prompt, max_words=3).shape[0] == 2


def test_it_learns_to_tell_what_it_is_shown(vocabulary):
    torch.manual_seed(0)
    captioner = Captioner(vocabulary, SMALL)
    visual = torch.eye(16)[[0, 1]][:, None] * 3
    words = vocabulary.encode(["tell red left", "tell blue right"])
    optimizer = torch.optim.AdamW(captioner.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        captioner.loss(visual, words).backward()
        optimizer.step()
    told = captioner.eval().generate(visual, words[:, :1], max_words=4)
    assert vocabulary.decode(told) == ["red left", "blue right"]


def test_what_does_not_fit_is_refused(captioner, vocabulary):
    with pytest.raises(MMReproError, match="22 visual tokens and 3 words are more than max_length=24"):
        captioner.logits(torch.randn(1, 22, 16), vocabulary.encode(["tell red"]))
    with pytest.raises(MMReproError, match="3 heads cannot share a width of 16"):
        Captioner(vocabulary, DecoderSettings(width=16, num_heads=3))


def test_the_mean_over_words_is_the_batchs_where_processes_share_it(captioner, vocabulary, monkeypatch):
    words = vocabulary.encode(["tell red", "tell red then blue left", "tell left then right"])

    def loss_of(net, batch):
        return net.loss(*batch)

    assert_shares_make_the_batch(monkeypatch, loss_of, captioner, (torch.randn(3, 2, 16), words), (2, 4))
