import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.flight import Rules
from mmrepro.papers.space_operator.pilot import ACTIONS, Pilot
from mmrepro.papers.space_operator.prompt import Interpreter, line, understood
from mmrepro.papers.space_operator.rollout import rollout
from mmrepro.papers.space_operator.teacher import DemonstrationSettings, demonstrate, random_starts
from mmrepro.papers.space_operator.vlm import load_model
from mmrepro.papers.space_operator.wording import UNSEEN
from mmrepro.training.loop import TrainingSettings
from tests.papers.space_operator.tiny import SIDE, save

PLAN = TrainingSettings(epochs=1, lr=2e-2, batch_size=1, accumulate=2)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return save(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def model(weights):
    return load_model(weights, "cpu")


@pytest.fixture(scope="module")
def decisions():
    return demonstrate(6, 0, DemonstrationSettings(size=SIDE))


def said(chat):
    return [(each["role"], len(each["content"]) == 2, each["content"][-1]["text"]) for each in chat.turns]


def test_there_are_27_actions_that_can_be_read():
    assert len(set(ACTIONS)) == 27 and all(understood(each) is not None for each in ACTIONS)


@pytest.mark.parametrize(
    ("senses", "looks", "reads"), [("text", False, True), ("picture", True, False), ("both", True, True)]
)
def test_a_pilot_is_given_what_its_senses_take(model, decisions, senses, looks, reads):
    (chat,) = Pilot(model, senses, size=SIDE).chats(decisions.pictures[:1], decisions.lines[:1])
    (first, *_), (role, shown, text) = said(chat)
    assert (first, role, shown) == ("system", "user", looks)
    assert (decisions.lines[0] in text) == reads and (UNSEEN in text) != reads
    assert len(chat.images) == looks


def test_examples_come_before_the_question_with_their_pictures(model, decisions):
    pilot = Pilot(model, "both", size=SIDE, decisions=decisions, shots=2)
    (chat,) = pilot.chats(decisions.pictures[:1], decisions.lines[:1])
    turns = said(chat)
    assert [role for role, *_ in turns] == ["system", "user", "assistant", "user", "assistant", "user"]
    rows = [next(n for n in range(6) if decisions.lines[n] in turns[place][2]) for place in (1, 3)]
    assert len(set(rows)) == 2
    assert [turns[2][2], turns[4][2]] == [decisions.replies[row] for row in rows]
    assert np.array_equal(chat.images, decisions.pictures[[*rows, 0]])
    assert len(pilot.chats(decisions.pictures[:1], decisions.lines[:1])[0].turns) == 6  # nothing piles up


def test_more_examples_than_decisions_are_refused(model, decisions):
    with pytest.raises(MMReproError, match="7 examples were asked for and there are 6 decisions"):
        Pilot(model, "text", decisions=decisions, shots=7)
    with pytest.raises(MMReproError, match="1 examples were asked for and there are 0"):
        Pilot(model, "text", shots=1)


def test_pictures_of_another_size_are_refused(model, decisions):
    with pytest.raises(MMReproError, match=r"\(56, 56, 3\) were shown to a pilot made for \(448, 448, 3\)"):
        Pilot(model, "both").reply(decisions.pictures, decisions.lines)
    assert len(Pilot(model, "text").reply(decisions.pictures[:1], decisions.lines[:1])) == 1


def test_other_senses_are_refused(model):
    with pytest.raises(MMReproError, match="'text', 'picture' or 'both'"):
        Pilot(model, "smell")


def test_weighed_replies_are_never_malformed_and_free_ones_are_counted(model, decisions):
    pilot = Pilot(model, "both", size=SIDE)
    assert set(pilot.reply(decisions.pictures, decisions.lines)) <= set(ACTIONS)
    interpreter = Interpreter()
    for reply in pilot.reply(decisions.pictures, decisions.lines, free=True):
        interpreter.burn(reply)
    assert interpreter.malformed == 6  # random weights say nothing that can be read


def test_a_tuned_pilot_says_what_it_was_taught(model, decisions):
    pilot = Pilot(model, "text")
    same = decisions._replace(replies=["backward left up"] * 6)
    assert pilot.reply(same.pictures, same.lines) != same.replies
    pilot.tune(same, PLAN.model_copy(update={"epochs": 12}), seed=0, device="cpu")
    assert pilot.reply(same.pictures, same.lines) == same.replies
    assert pilot.reply(same.pictures, same.lines, free=True) == same.replies


@pytest.mark.parametrize("scenario", ["PE1_E1_I3", "LBG1_LG1_I2"])
def test_a_pilot_flies_as_a_small_operator_does(model, scenario):
    def make_env():
        return SpaceEnv(scenario, rules=Rules(timeout=8.0))

    starts = random_starts(2, 0) if scenario.startswith("PE1") else [{}, {"roll": 0.0}]
    pilot = Pilot(model, "both", size=SIDE)
    told = []

    def describe(flight):
        told.append(line(flight))
        return told[-1]

    flown = rollout(pilot, starts, make_env, describe=describe)
    assert [each["malformed"] for each in flown] == [0, 0] and len(told) == 12
    assert all(("guard distance" in each) == scenario.startswith("LBG") for each in told)
