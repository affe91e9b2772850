import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.agents import Inactive, LambertMPC, Naive, Navball
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.player import STEPS, trajectory_player
from mmrepro.papers.space_operator.track import track_agent


@pytest.fixture(scope="module")
def tracks():
    agents = [Naive(), Navball(), LambertMPC()]
    return {agent.name: track_agent(agent, SpaceEnv(gap=0.04)).moments for agent in agents}


@pytest.fixture(scope="module")
def player(tracks):
    return trajectory_player(tracks)


def test_a_path_a_flight_and_the_target_in_the_middle(player):
    *paths, target, markers = player.data
    assert [path.name for path in paths] == ["naive", "navball", "lambert-mpc"]
    assert len({path.line.color for path in paths}) == 3
    assert list(markers.marker.color) == [path.line.color for path in paths]
    assert (target.x[0], target.y[0], target.z[0]) == (0, 0, 0)
    assert all(len(path.x) <= 120 for path in paths)


def test_a_path_ends_where_the_craft_came_closest(player, tracks):
    for path, track in zip(player.data, tracks.values(), strict=False):
        nearest = track.loc[track["distance"].idxmin(), ["along", "normal", "radial"]]
        assert [path.x[-1], path.y[-1], path.z[-1]] == pytest.approx(nearest.tolist(), abs=0.06)


def test_the_slider_moves_the_markers_from_the_start_to_the_paths_ends(player):
    (slider,) = player.layout.sliders
    assert len(slider.steps) == STEPS and {step.method for step in slider.steps} == {"restyle"}
    for step, place in ((slider.steps[0], 0), (slider.steps[-1], -1)):
        moved, traces = step.args
        assert list(traces) == [len(player.data) - 1]
        for axis in "xyz":
            ends = [getattr(path, axis)[place] for path in player.data[:3]]
            assert moved[axis][0] == pytest.approx(ends, abs=0.11)
    assert list(player.data[-1].x) == slider.steps[0].args[0]["x"][0]


def test_markers_tell_the_state(player):
    told = player.layout.sliders[0].steps[0].args[0]["text"][0]
    assert told[1] == "navball<br>2618 m, 7.6 m/s"


def test_it_is_small_enough_for_a_page(player):
    assert len(player.to_json()) < 300_000


def test_it_needs_a_flight():
    with pytest.raises(MMReproError, match="at least one"):
        trajectory_player({})


def test_a_flight_that_never_comes_closer_is_a_point():
    idle = track_agent(Inactive(), SpaceEnv(gap=0.04)).moments.iloc[:1]
    assert len(trajectory_player({"idle": idle}).data[0].x) == 1
