import numpy as np
import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.pilot import ACTIONS
from mmrepro.papers.space_operator.vlm import Chat, load_model, turn
from mmrepro.training.loop import TrainingSettings
from tests.papers.space_operator.tiny import PICTURE, save

PLAN = TrainingSettings(epochs=2, lr=2e-2, batch_size=2, accumulate=2, warm_up=0.1, clip_norm=1.0)
ASKED = Chat([turn("system", "Catch the ball"), turn("user", "prograde", shown=True)], [PICTURE])
BLIND = Chat([turn("system", "Catch the ball"), turn("user", "prograde distance approaching")], [])


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return save(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def model(weights):
    return load_model(weights, "cpu")


def by_hand(model, chat, answer):
    """Sum log-probabilities of an answer's tokens, the whole text read anew for every one of them."""
    words = model.tokens(answer)
    total = 0.0
    with torch.inference_mode():
        for place, word in enumerate(words):
            inputs = model.prompt(chat)
            told = torch.tensor([words[:place]], dtype=torch.long)
            inputs["input_ids"] = torch.cat([inputs["input_ids"], told], 1)
            for name, value in (("attention_mask", 1), ("mm_token_type_ids", 0)):
                inputs[name] = torch.cat([inputs[name], torch.full_like(told, value)], 1)
            logits = model.model(**inputs).logits[0, -1]
            total += float(logits.log_softmax(-1)[word])
    return total


@pytest.mark.parametrize("chat", [ASKED, BLIND], ids=["picture", "text"])
def test_a_likelihood_is_the_sum_over_the_answers_tokens(model, chat):
    model.log_likelihoods(ASKED, ACTIONS)  # the model remembers its last picture, which must not matter
    found = model.log_likelihoods(chat, ACTIONS)
    assert found.tolist() == pytest.approx([by_hand(model, chat, each) for each in ACTIONS], abs=1e-4)
    assert model.answer(chat, ACTIONS) == ACTIONS[int(found.argmax())]
    assert len(set(found.tolist())) == 27


def test_answers_of_other_lengths_do_not_change_each_other(model):
    mixed = ["none", "forward none up", "left right"]
    together = model.log_likelihoods(ASKED, mixed).tolist()
    assert together == pytest.approx(
        [model.log_likelihoods(ASKED, [each]).item() for each in mixed], abs=1e-4
    )
    assert together == pytest.approx([by_hand(model, ASKED, each) for each in mixed], abs=1e-4)


def test_the_loss_is_the_mean_over_the_same_tokens(model):
    inputs = model.answered(ASKED, "forward none up")
    learnt = inputs["labels"][0] != -100
    assert learnt.sum() == 4 and learnt[-4:].all()  # three words and the end of the turn
    with torch.inference_mode():
        loss = model.model(**inputs).loss.item()
    assert -4 * loss == pytest.approx(model.log_likelihoods(ASKED, ["forward none up"]).item(), abs=1e-4)


def test_free_replies_follow_the_most_probable_words(model):
    said = model.generate(ASKED, 3).split()
    assert len(said) <= 3
    firsts = model.processor.tokenizer.get_vocab()
    first = model.model(**model.prompt(ASKED)).logits[0, -1].argmax().item()
    special = set(model.processor.tokenizer.all_special_ids)
    assert first in special or said[0] == {place: word for word, place in firsts.items()}[first]


@pytest.mark.parametrize("chat", [ASKED, BLIND], ids=["picture", "text"])
def test_tuning_teaches_a_decision_to_both_ways_of_decoding(model, chat):
    before = {name: weight.clone() for name, weight in model.model.named_parameters()}
    wanted = ACTIONS[-1 - ACTIONS.index(model.answer(chat, ACTIONS))]  # not what it would say anyway
    history = model.tune([chat] * 64, [wanted] * 64, PLAN, seed=0, rank=16, device="cpu")
    assert history.loss.iloc[-1] < history.loss.iloc[0]
    assert model.answer(chat, ACTIONS) == wanted
    assert model.generate(chat) == wanted
    moved = {name for name, weight in model.model.named_parameters() if not weight.equal(before[name])}
    assert moved and all("language_model" in name and "self_attn" in name for name in moved)
    assert moved >= {name for name in before if name.endswith(("q_proj.weight", "v_proj.weight"))}


def test_tuning_is_seeded(weights):
    one, other = (load_model(weights, "cpu") for _ in range(2))
    histories = [
        each.tune([ASKED, BLIND], ACTIONS[:2], PLAN, seed=3, rank=2, device="cpu").loss.tolist()
        for each in (one, other)
    ]
    assert histories[0] == histories[1]
    assert torch.equal(one.log_likelihoods(ASKED, ACTIONS), other.log_likelihoods(ASKED, ACTIONS))


def test_a_question_about_a_picture_is_answered_by_likelihood(model):
    answers = ["yes", "no it is whole"]
    chat = Chat([turn("user", "Is the ball whole", shown=True)], [PICTURE])
    scores = model.log_likelihoods(chat, answers)
    assert model.answer(chat, answers) == answers[int(scores.argmax())]
    other = np.zeros_like(PICTURE)
    seen = model.log_likelihoods(Chat(chat.turns, [other]), answers)
    assert not torch.allclose(seen, scores)  # it does look


def test_a_prompt_beyond_the_context_is_refused(model):
    long = Chat([turn("user", "distance " * 5000)], [])
    with pytest.raises(
        MMReproError, match=r"prompt of 5005 tokens with room for a reply of 16 .* holds 4096"
    ):
        model.generate(long)
    with pytest.raises(MMReproError, match="give fewer examples or smaller pictures"):
        model.answer(long, ACTIONS)


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        (("config.json",), "lacks config.json"),
        (("*.safetensors",), "safetensors"),
        (("preprocessor_config.json", "processor_config.json"), "preprocessor_config.json or processor"),
        (("tokenizer_config.json",), "lacks tokenizer_config.json"),
    ],
)
def test_a_folder_without_weights_or_processor_is_refused(weights, tmp_path, gone, told):
    kept = {path for path in weights.parent.iterdir() if not any(path.match(name) for name in gone)}
    for path in kept:
        (tmp_path / path.name).symlink_to(path)
    with pytest.raises(MMReproError, match=told):
        load_model(tmp_path / "config.json", "cpu")
