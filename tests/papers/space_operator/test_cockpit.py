import base64
import io

import numpy as np
import pytest
from PIL import Image

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.agents import Naive, Navball, fly
from mmrepro.papers.space_operator.cockpit import BURNS, LONGEST_RECORD, Cockpit, Session, recorded_flight
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.published import REPLY_TIME
from mmrepro.papers.space_operator.score import Approach, pursuit_score
from mmrepro.papers.space_operator.teacher import GAP
from mmrepro.papers.space_operator.track import track_agent


def test_a_session_begins_as_the_game_does():
    status = Session().status()
    assert status.distance == pytest.approx(2618, abs=1) and status.speed == pytest.approx(7.57, abs=0.01)
    assert status.score == pursuit_score(Approach(status.distance, status.speed, 0.0, status.time))
    assert not status.over and status.propellant_kg == 0


def test_buttons_that_undo_each_other_do():
    for one, other in (("forward", "back"), ("left", "right"), ("up", "down")):
        assert np.add(BURNS[one], BURNS[other]).tolist() == [0, 0, 0]
    assert BURNS["coast"] == (0, 0, 0)


def test_pressing_forward_until_the_end_is_the_naive_agent():
    session = Session(duration=1.0)
    while not (status := session.press("forward")).over:
        pass
    ended = fly(SpaceEnv(gap=GAP), Naive())
    assert status.score == ended["score"]["sampled"] and status.propellant_kg == ended["propellant_kg"]
    assert session.press("forward") == status  # nothing happens any more
    assert "time is up" in status.told()
    assert session.restart() == Session().status()


def test_a_slow_button_lets_the_craft_fly_on():
    quick, slow = (Session(reply_time=time, duration=0.5) for time in (0.0, REPLY_TIME))
    for session in (quick, slow):
        session.press("forward")
        session.press("forward")
    assert slow.status().time - quick.status().time > 2 * REPLY_TIME - 1
    held, coasted = (Session(reply_time=2.0, waiting=waiting, duration=0.5) for waiting in ("hold", "coast"))
    for session in (held, coasted):
        session.press("forward")
        session.press("coast")
    assert held.status().propellant_kg > 3 * coasted.status().propellant_kg > 0


def test_other_buttons_are_refused():
    with pytest.raises(MMReproError, match=r"no button 'forwards'.*forward"):
        Session().press("forwards")


def test_the_state_is_put_into_words():
    told = Session().status().told()
    assert told.startswith("5 s, 2,618 m away at 7.6 m/s, 0 kg burnt, score so far 68,5")


def test_the_widget_flies_what_is_pressed():
    cockpit = Cockpit(size=64)
    before = cockpit._image.value
    code = before.partition("base64,")[2].partition('"')[0]
    assert Image.open(io.BytesIO(base64.b64decode(code))).size == (64, 64)
    assert 'alt="The navball' in before
    cockpit.buttons["forward"].click()
    assert cockpit.session.status().propellant_kg > 0
    assert cockpit._told.value == cockpit.session.status().told() and cockpit._image.value != before
    cockpit.buttons["restart"].click()
    assert cockpit.session.status() == Session().status() and cockpit._image.value == before


def test_choices_begin_a_flight_anew():
    cockpit = Cockpit(size=64)
    cockpit.buttons["forward"].click()
    cockpit.reply_time.value = REPLY_TIME
    assert cockpit.session.status().propellant_kg == 0
    cockpit.buttons["coast"].click()
    assert cockpit.session.status().time == pytest.approx(5.22 + REPLY_TIME + 2.0 + GAP)


@pytest.fixture(scope="module")
def track():
    return track_agent(Navball(), SpaceEnv(gap=GAP), size=96)


@pytest.fixture(scope="module")
def recorded(track):
    return recorded_flight(track)


def test_a_recorded_flight_shows_one_moment_at_a_time(recorded):
    (slider,) = recorded.layout.sliders
    assert len(slider.steps) == LONGEST_RECORD and len(recorded.data) == 3 * LONGEST_RECORD
    assert [trace.visible for trace in recorded.data[:6]] == [True] * 3 + [False] * 3
    shown = slider.steps[7].args[0]["visible"]
    assert [place for place, each in enumerate(shown) if each] == [21, 22, 23]


def test_a_recorded_flight_ends_as_the_flight_did(recorded, track):
    picture, words, past = recorded.data[-3:]
    last = track.moments.iloc[-1]
    assert past.x[-1] == round(last["time"], 1) and past.y[-1] == round(last["distance"], 1)
    assert f"score so far {last['score']:,.0f}" in words.text[0]
    code = picture.source.removeprefix("data:image/webp;base64,")
    decoded = np.asarray(Image.open(io.BytesIO(base64.b64decode(code))), dtype=float)
    assert np.abs(decoded - track.pictures[-1]).mean() < 8


def test_a_recorded_flight_tells_the_burn(recorded, track):
    words = recorded.data[1].text[0].split("<br>")[1]
    signs = track.moments.loc[0, ["forward", "right", "down"]].tolist()
    names = (("back", "forward"), ("left", "right"), ("up", "down"))
    assert words == "burn " + ", ".join(
        pair[sign > 0] for pair, sign in zip(names, signs, strict=True) if sign
    )
    assert "no burn" in recorded.data[-2].text[0]


def test_a_recorded_flight_is_small_enough_for_a_page(recorded):
    assert len(recorded.to_json()) < 400_000


def test_a_recorded_flight_needs_pictures(track):
    with pytest.raises(MMReproError, match="has no pictures"):
        recorded_flight(track_agent(Navball(), SpaceEnv(gap=GAP)))
