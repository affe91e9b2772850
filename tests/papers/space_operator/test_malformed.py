import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.agents import Inactive, Naive, Navball
from mmrepro.papers.space_operator.malformed import MUMBLE, Spoiler, Spoken
from mmrepro.papers.space_operator.prompt import understood
from mmrepro.papers.space_operator.rollout import fly_each
from mmrepro.papers.space_operator.teacher import random_starts

STARTS = random_starts(2, 7)


def test_a_mumble_is_not_understood():
    assert understood(MUMBLE) is None


@pytest.mark.parametrize("share", [0.0, 0.175, 1.0])
def test_the_share_is_as_asked(share):
    spoil = Spoiler(share, 1)
    spoilt = sum(spoil("none none up") == MUMBLE for _ in range(4000))
    assert spoilt / 4000 == pytest.approx(share, abs=0.02)


def test_greater_shares_spoil_what_smaller_ones_do():
    small, great = (
        [spoil("up") == MUMBLE for _ in range(300)] for spoil in (Spoiler(0.1, 3), Spoiler(0.3, 3))
    )
    assert all(two for one, two in zip(small, great, strict=True) if one) and sum(great) > sum(small)


def test_an_agent_whose_words_arrive_flies_as_ever():
    plain, spoken = fly_each(Navball(), STARTS), fly_each(Spoken(Navball(), 0.0), STARTS)
    assert [each["score"] for each in plain] == [each["score"] for each in spoken]


def test_an_agent_never_understood_flies_as_the_idle_one():
    agent = Spoken(Naive(), 1.0)
    (mute,), (idle,) = fly_each(agent, STARTS[:1]), fly_each(Inactive(), STARTS[:1])
    assert mute["propellant_kg"] == idle["propellant_kg"] == 0
    assert agent.interpreter.malformed == agent.interpreter.replies == mute["decisions"]


def test_the_luck_of_a_flight_is_its_own_and_repeatable():
    def malformed():
        agent, counts = Spoken(Navball(), 0.2, seed=4), []
        for _ in range(2):
            fly_each(agent, STARTS[:1])
            counts.append(agent.interpreter.malformed)
        return counts

    first = malformed()
    assert first == malformed() and first[0] != first[1]


def test_coasting_on_a_mumble_spends_less_than_holding():
    hold, coast = (
        fly_each(Spoken(Naive(), 0.5, waiting=waiting), STARTS[:1])[0] for waiting in ("hold", "coast")
    )
    assert coast["propellant_kg"] < 0.75 * hold["propellant_kg"]


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_an_impossible_share_is_refused(share):
    with pytest.raises(MMReproError, match="give 0 to 1"):
        Spoiler(share)
