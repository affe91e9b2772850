import itertools
from functools import partial

import numpy as np
import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.modeling.captioner import DecoderSettings
from mmrepro.papers.space_operator.eye import ReaderSettings, teach
from mmrepro.papers.space_operator.picture import blanked, shuffled
from mmrepro.papers.space_operator.policy import Operator, agreement, imitation_loss
from mmrepro.papers.space_operator.prompt import LANGUAGE, Telemetry, understood
from mmrepro.papers.space_operator.teacher import Decisions, DemonstrationSettings, demonstrate, majority
from mmrepro.training.loop import TrainingSettings, fit, make_accelerator

SIZE = 64
TINY = DecoderSettings(width=32, depth=1, num_heads=2)
SENSES = ["text", "picture", "both"]
LINE = Telemetry((0.1, 0.9, -0.2), 800.0, 12.0, True).line()


@pytest.fixture(scope="module")
def eye():
    return teach(ReaderSettings(1500, SIZE, 32, epochs=12), 0, "cpu").eye


@pytest.fixture(scope="module")
def operator(eye):
    def make(senses, seed=0):
        torch.manual_seed(seed)
        return Operator(senses, TINY, eye)

    return make


@pytest.fixture(scope="module")
def decisions():
    """Moments of many flights, as many as a reply each allows."""
    found = demonstrate(400, 1, DemonstrationSettings(size=SIZE))
    rows = [
        row
        for reply in sorted(set(found.replies))
        for row in itertools.islice((n for n, each in enumerate(found.replies) if each == reply), 4)
    ]
    chosen = Decisions(
        found.pictures[rows], [found.lines[row] for row in rows], [found.replies[row] for row in rows]
    )
    assert len(rows) >= 16 and majority(chosen) <= 0.25
    return chosen


@pytest.fixture(scope="module")
def trained(decisions, operator):
    def train(senses):
        model = operator(senses)
        epochs = 300 if senses == "picture" else 100  # an eye taught for seconds tells little
        plan = TrainingSettings(epochs=epochs, lr=5e-3, batch_size=16, clip_norm=1.0, warm_up=0.1)
        fit(
            model,
            model.examples(decisions),
            imitation_loss,
            plan,
            seed=0,
            accelerator=make_accelerator("cpu"),
        )
        return model.eval()

    return {senses: train(senses) for senses in SENSES}


@pytest.mark.parametrize(
    ("senses", "tokens", "words"), [("text", 0, 34 + 3), ("picture", 4, 1 + 3), ("both", 4, 34 + 3)]
)
def test_examples_and_tokens_have_their_shapes(senses, tokens, words, decisions, operator):
    model = operator(senses)
    seen, numbers = model.examples(decisions).tensors
    assert numbers.shape == (len(decisions.lines), words)
    assert seen.shape == (len(decisions.lines), tokens, 32)
    assert model.loss(seen, numbers).shape == ()
    # An untrained decoder is about as uncertain as the vocabulary is large.
    assert model.loss(seen, numbers).item() == pytest.approx(np.log(len(model.vocabulary)), rel=0.2)


@pytest.mark.parametrize("senses", SENSES)
def test_every_parameter_learns_but_those_of_the_eye(senses, decisions, operator):
    model = operator(senses)
    model.loss(*model.examples(decisions).tensors).backward()
    for name, each in model.named_parameters():
        if name.startswith("eye."):
            assert each.grad is None and not each.requires_grad
        else:
            assert each.grad is not None and each.grad.abs().sum() > 0


@pytest.mark.parametrize("senses", SENSES)
def test_constrained_replies_are_never_malformed(senses, decisions, operator):
    replies = operator(senses).reply(decisions.pictures, decisions.lines)
    assert len(replies) == len(decisions.lines)
    assert all(understood(reply) for reply in replies)


def test_free_replies_may_be_malformed(decisions, operator):
    replies = operator("both").reply(decisions.pictures, decisions.lines, free=True)
    assert any(understood(reply) is None for reply in replies)


def test_a_reply_does_not_depend_on_its_company(decisions, trained):
    model = trained["both"]
    alone = [model.reply(decisions.pictures[[n]], [line])[0] for n, line in enumerate(decisions.lines[:5])]
    assert alone == model.reply(decisions.pictures, decisions.lines)[:5]


def test_a_reply_is_the_most_probable_of_its_axis_each_time(decisions, trained):
    model = trained["text"]
    visual, words = torch.zeros(1, 0, 32), model.words(decisions.lines[:1])
    for axis in range(3):
        with torch.no_grad():
            chances = model.decoder.logits(visual, words)[0, -1]
        best = max(LANGUAGE[axis], key=lambda word: chances[model.vocabulary.number(word)].item())
        words = torch.cat([words, torch.tensor([[model.vocabulary.number(best)]])], 1)
    (reply,) = model.reply(decisions.pictures[:1], decisions.lines[:1])
    assert model.vocabulary.decode(words[:, 34:]) == [reply]


def test_the_loss_is_that_of_the_replies_probability(decisions, trained):
    model = trained["both"]
    found = model.log_probability(decisions.pictures, decisions.lines, decisions.replies)
    assert found.shape == (len(decisions.lines),) and (found <= 0).all()
    with torch.no_grad():
        loss = model.loss(*model.examples(decisions).tensors).item()
    assert -found.mean().item() / 3 == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("senses", SENSES)
def test_an_operator_imitates_a_tiny_set(senses, decisions, trained, operator):
    assert agreement(operator(senses), decisions) < 0.4
    assert agreement(trained[senses], decisions) > 0.9


def test_controls_take_the_picture_away(decisions, trained):
    shuffle = partial(shuffled, bank=decisions.pictures, rng=np.random.default_rng(0))
    looking, reading = trained["picture"], trained["text"]
    assert agreement(looking, decisions, blanked) <= majority(decisions)
    assert agreement(looking, decisions, shuffle) < 0.5
    for control in (blanked, shuffle):  # who does not look cannot miss it
        assert agreement(reading, decisions, control) == agreement(reading, decisions)


def test_the_senses_are_what_matters(decisions, operator):
    pictures, lines = decisions.pictures, decisions.lines
    model = operator("picture")
    assert torch.equal(model.words(lines[:1]), model.words([LINE]))
    assert operator("text").look(pictures).shape == (len(lines), 0, TINY.width)


def test_other_senses_are_refused(operator):
    with pytest.raises(MMReproError, match="'text', 'picture' or 'both'"):
        operator("smell")


@pytest.mark.parametrize("senses", ["picture", "both"])
def test_an_operator_that_looks_needs_an_eye(senses):
    with pytest.raises(MMReproError, match="needs an eye; give one"):
        Operator(senses, TINY)


def test_an_operator_keeps_an_eye_of_its_own(eye, decisions):
    model = Operator("both", TINY, eye)
    assert model.eye is not eye and next(eye.parameters()).requires_grad
    assert torch.equal(model.look(decisions.pictures), eye.look(decisions.pictures))


def test_pictures_of_the_wrong_size_are_refused(operator):
    with pytest.raises(MMReproError, match=r"\(32, 32, 3\) were shown .* size=64"):
        operator("picture").reply(np.zeros((1, 32, 32, 3), np.uint8), [LINE])


def test_telemetry_longer_than_the_prompt_is_refused(operator):
    with pytest.raises(MMReproError, match=r"telemetry of 35 words .* room for 33"):
        operator("text").reply(np.zeros((1, 0, 0, 3), np.uint8), [f"{LINE} and more"])


def test_a_decoder_too_short_is_refused():
    with pytest.raises(MMReproError, match="take 37 tokens and the decoder holds 32"):
        Operator("text", TINY.model_copy(update={"max_length": 32}))
