from functools import partial

import numpy as np
import pytest
import torch

from mmrepro.modeling.captioner import DecoderSettings
from mmrepro.papers.space_operator.agents import Inactive, Navball, Prograde, fly
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.eye import Eye
from mmrepro.papers.space_operator.flight import Rules
from mmrepro.papers.space_operator.frames import hill_state
from mmrepro.papers.space_operator.picture import picture
from mmrepro.papers.space_operator.policy import Operator
from mmrepro.papers.space_operator.prompt import understood
from mmrepro.papers.space_operator.rollout import rollout
from mmrepro.papers.space_operator.scenario import scenario
from mmrepro.papers.space_operator.teacher import random_starts
from mmrepro.papers.space_operator.track import track_agent, track_operator

SHORT = partial(SpaceEnv, "PE1_E1_I3", gap=0.04, rules=Rules(timeout=20.0))
STARTS = random_starts(2, 0)


def operator(senses="text"):
    torch.manual_seed(0)
    return Operator(senses, DecoderSettings(width=32, depth=1, num_heads=2), Eye(32, 32))


def test_a_track_begins_at_the_start_and_ends_as_the_flight_does():
    track = track_agent(Navball(), SHORT(), STARTS[1], seed=1, size=32)
    ended = fly(SHORT(), Navball(), seed=1, options=STARTS[1])
    assert len(track.moments) == len(track.pictures) == ended["decisions"] + 1
    last = track.moments.iloc[-1]
    assert last["score"] == ended["score"]["sampled"]
    assert last["propellant_kg"] == ended["propellant_kg"] and last["time"] == pytest.approx(20.0)
    own, target = STARTS[1]["states"]
    assert track.moments.loc[0, ["radial", "along", "normal"]].tolist() == list(hill_state(own, target)[:3])


def test_moments_are_told_in_one_frame():
    moments = track_agent(Navball(), SHORT()).moments
    apart = np.linalg.norm(moments[["radial", "along", "normal"]], axis=1)
    assert apart == pytest.approx(moments["distance"].to_numpy(), rel=1e-9)
    assert moments["score"].is_monotonic_decreasing and moments["time"].is_monotonic_increasing
    assert moments.loc[0, "along"] < 0  # the game starts behind the target


def test_throttles_are_those_decided_on():
    moments = track_agent(Navball(), SHORT()).moments
    assert set(np.unique(moments[["forward", "right", "down"]])) <= {-1.0, 0.0, 1.0}
    idle = track_agent(Inactive(), SHORT()).moments
    assert (idle[["forward", "right", "down", "propellant_kg"]] == 0).all(axis=None)
    turned = track_agent(Prograde(), SHORT()).moments.iloc[:-1]  # asked for in another frame
    assert (turned[["forward", "right", "down"]].abs() <= 1).all(axis=None) and turned["forward"].any()


def test_pictures_are_what_the_pilot_saw():
    track = track_agent(Inactive(), SHORT(), size=48)
    env = SHORT()
    env.reset()
    assert np.array_equal(track.pictures[0], picture(env.flight, 48))
    assert track_agent(Inactive(), SHORT()).pictures.shape == (len(track.moments), 0, 0, 3)


def test_guarded_flights_are_scored_as_such():
    env = SpaceEnv("LBG1_LG0_I2", gap=0.04, rules=Rules(timeout=20.0))
    track = track_agent(Navball(), env)
    assert track.moments["score"].iloc[-1] == env.information()["score"]["sampled"]
    assert scenario("LBG1_LG0_I2").guarded


@pytest.mark.parametrize("senses", ["text", "both"])
def test_an_operators_flights_are_those_of_a_rollout(senses):
    tracks = track_operator(operator(senses), STARTS, SHORT)
    flown = rollout(operator(senses), STARTS, SHORT)
    assert [len(track.moments) for track in tracks] == [ended["decisions"] + 1 for ended in flown]
    for track, ended in zip(tracks, flown, strict=True):
        assert track.moments["score"].iloc[-1] == ended["score"]["sampled"]


def test_an_operators_throttles_are_its_replies():
    said = []

    class Talking(Operator):
        def reply(self, pictures, lines, *, free=False):
            said.append(super().reply(pictures, lines))
            return said[-1]

    torch.manual_seed(0)
    talking = Talking("text", DecoderSettings(width=32, depth=1, num_heads=2))
    _, second = track_operator(talking, STARTS, SHORT)
    told = [understood(replies[1])[:3] for replies in said]
    found = second.moments[["forward", "right", "down"]].iloc[:-1]
    assert list(map(tuple, found.to_numpy())) == told


def test_a_reply_that_cannot_be_read_is_written_down_as_the_burn_it_leads_to():
    class Mumbling(Operator):
        def reply(self, pictures, lines, *, free=False):
            self.count = getattr(self, "count", 0) + 1
            return ["forward none none" if self.count == 1 else "what?"] * len(lines)

    mumbling = Mumbling("text", DecoderSettings(width=32, depth=1, num_heads=2))
    (track,) = track_operator(mumbling, STARTS[:1], SHORT)
    assert (track.moments["forward"].iloc[:-1] == 1).all()
