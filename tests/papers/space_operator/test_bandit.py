from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.agents import Expert, Inactive, Navball, view
from mmrepro.papers.space_operator.bandit import WideBerth, guarded_starts, raids
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.flight import Rules
from mmrepro.papers.space_operator.rollout import fly_each
from mmrepro.papers.space_operator.score import guarded_score

STARTS = guarded_starts(4, 0)
BODY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


@pytest.fixture(scope="module")
def table():
    agents = (Expert(), WideBerth())
    return raids({agent.name: partial(fly_each, agent, STARTS) for agent in agents})


def flight(guard):
    """A craft at rest at the origin, nose along x; the lady closes at 20 m/s."""
    craft = SimpleNamespace(state=(0.0,) * 6), SimpleNamespace(state=(2000.0, 0.0, 0.0, -20.0, 0.0, 0.0))
    return SimpleNamespace(
        axes=BODY, agent=craft[0], target=craft[1], guard=guard and SimpleNamespace(state=guard)
    )


def test_the_guard_is_kept_at_a_distance_and_the_lady_reached(table):
    mean = table.groupby(["guard", "agent"])[["guarded", "true", "score"]].mean()
    for guard in ("LG0", "LG1"):
        bold, wary = mean.loc[(guard, "expert")], mean.loc[(guard, "wide berth")]
        assert wary.guarded > 1.2 * bold.guarded
        assert wary.score < bold.score
        assert wary.true < 10


def test_a_row_is_a_flight_of_its_start(table):
    assert len(table) == 2 * 2 * 4 and set(table.columns) >= {"agent", "guard", "start", "captured", "caught"}
    assert (table.groupby(["agent", "guard"]).score.std() > 0.1).all()  # the starts do differ
    for row in table.itertuples():  # the game samples, so it sees the craft no nearer than they came
        assert row.score < guarded_score(row.sampled, row.guarded) + 1e-6
    assert table[table.captured].true.max() < 5


@pytest.mark.parametrize("name", ["PE1_E1_I3", "PE1_E3_I3"])
def test_without_a_guard_it_is_the_expert(name):
    ours, plain = (fly_each(agent, [{}], partial(SpaceEnv, name)) for agent in (WideBerth(), Expert()))
    assert ours == plain


@pytest.mark.parametrize(
    ("guard", "aside"),
    [
        # Passes at (right 0, down -90) in 50 s: 60 m lack, so 1.2 m/s down, away from it.
        ((1000.0, 0.0, -90.0, -20.0, 0.0, 0.0), (0.0, 1.2)),
        # Dead ahead: any side will do; 150 m in 50 s.
        ((1000.0, 0.0, 0.0, -20.0, 0.0, 0.0), (3.0, 0.0)),
        # Far enough, or behind, or hardly moving: nothing.
        ((1000.0, 200.0, 0.0, -20.0, 0.0, 0.0), (0.0, 0.0)),
        ((-1000.0, 0.0, 0.0, -20.0, 0.0, 0.0), (0.0, 0.0)),
        ((1000.0, 0.0, 0.0, -0.1, 0.0, 0.0), (0.0, 0.0)),
        # 150 m within 2 s: no more than it may.
        ((40.0, 0.0, 0.0, -20.0, 0.0, 0.0), (12.0, 0.0)),
        (None, (0.0, 0.0)),
    ],
)
def test_the_way_round_by_hand(guard, aside):
    agent = WideBerth(berth=150.0)
    seen = flight(guard)
    assert agent._aside(seen) == pytest.approx(aside)
    right, down = (int(np.sign(each)) for each in aside)
    assert agent.throttle(view(seen), aside)[1:] == (right, down)


def test_starts_are_seeded_and_differ():
    again, other = guarded_starts(4, 0), guarded_starts(4, 1)
    assert [each["roll"] for each in again] == [each["roll"] for each in STARTS]
    assert len({each["roll"] for each in STARTS + other}) == 8
    bandits = np.array([each["states"][0] for each in STARTS])
    assert 0 < np.ptp(bandits[:, :3], axis=0).max() < 2 * 43.4 and np.ptp(bandits[:, 3:], axis=0).max() < 0.4
    assert all(each["states"][1:] == STARTS[0]["states"][1:] for each in STARTS)


def test_an_idle_bandit_is_caught_by_the_guard_that_comes():
    found = raids({"inactive": partial(fly_each, Inactive(), STARTS[:1])}, rules=Rules(dt=0.5))
    assert found.set_index("guard").caught.to_dict() == {"LG0": False, "LG1": True}


def test_bad_raids_are_told():
    with pytest.raises(MMReproError, match="give at least one pilot"):
        raids({})
    with pytest.raises(MMReproError, match="obfuscated"):
        raids({"navball": partial(fly_each, Navball(), STARTS)}, ("LG5",))
